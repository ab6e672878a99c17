"""What one slow host costs the others: the same swarm on the same hosts with it and without it, in turns."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import List, Optional

from peer.core.swarmfile import FLEET
from rigs.errors import RigError
from rigs.peerprocess import compile_peer, finished_at
from rigs.soaking.faults import SLOWER
from rigs.soaking.machines import LabMachines
from rigs.soaking.rounddirs import RoundDirs
from rigs.soaking.roundpeers import RoundPeers
from rigs.soaking.roundplan import MIB, Round, peer_id
from rigs.soaking.series import work_folder

RECEIVERS = 7
SWARM = Round("slow", 1, FLEET, False, 1 + RECEIVERS, (0,), 32 * MIB, 65_536, False, 40.0, 16, ())
DEADLINE = 120.0  # seconds for the others to be complete
ALLOWED = 1.10  # times as long as without


def run(pairs: int, work: Optional[Path]) -> int:
    """Measure, tell, and give the exit code: 1 if the others take more than a tenth longer. Raises RigError."""
    compile_peer()
    without: List[float] = []
    beside: List[float] = []
    with work_folder(work, SWARM.size * (RECEIVERS + 3)) as folder, LabMachines(folder, SWARM.peers) as machines:
        print(f"{RECEIVERS} receivers at {SWARM.rate:g} Mbit/s; at best {SWARM.seconds:.2f} s", flush=True)
        for number in range(pairs):
            slow = 1 + number % RECEIVERS
            for seconds, factor in ((without, 1), (beside, SLOWER)):
                seconds.append(_others_complete(machines, folder / "payload", slow, factor))
            line = f"{without[-1]:.2f} s; {beside[-1]:.2f} s beside {peer_id(slow)} at 1/{SLOWER} of the rate"
            print(f"  {line}", flush=True)
    ratio = median(beside) / median(without)
    print(f"median {median(without):.2f} s, beside a slow host {median(beside):.2f} s: {ratio:.3f} times as long")
    return 0 if ratio <= ALLOWED else 1


def _others_complete(machines: LabMachines, source: Path, slow: int, factor: int) -> float:
    """Seconds from the first start until the last receiver but the slow one has its copy."""
    prepared = machines.prepare(SWARM.peers, SWARM.rate)
    machines.rate(slow, SWARM.rate / factor)
    dirs = RoundDirs(SWARM, prepared, source)
    peers = RoundPeers(dirs)
    others = [place for place in range(1, SWARM.peers) if place != slow]
    begun = time.time()
    try:
        for place in range(SWARM.peers):
            peers.start(place)
        while not all(dirs.final(place).exists() for place in others):
            if time.time() > begun + DEADLINE:
                raise RigError(f"not all were complete after {DEADLINE:.0f} s: try again on an idle machine")
            time.sleep(0.05)
        return max(finished_at(dirs.final(place)) for place in others) - begun
    finally:
        peers.end()

"""One call of the soak: round after round, a line for each, what is wrong kept on disk, and the sum at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Union

from rigs.errors import RigError
from rigs.peerprocess import compile_peer
from rigs.soaking import roundplan
from rigs.soaking.machines import LabMachines, LocalMachines, remove
from rigs.soaking.roundplan import MOST_PEERS, Round
from rigs.soaking.roundrun import RoundResult, RoundRun
from rigs.workfolder import MEMORY_DISK

ROOM = roundplan.MOST * (MOST_PEERS + 2) + 64 * roundplan.MIB  # bytes that a round may need
PAYLOAD = "payload"


class SoakOptions(NamedTuple):
    """What was asked for. `only`: one round's number; `seconds`: begin no further round after so many; 0: no matter."""

    seed: str
    rounds: int
    only: Optional[int] = None
    seconds: float = 0.0
    local: bool = False
    keep: Path = Path("soak")
    work: Optional[Path] = None
    deadline: float = 120.0


class Series:
    """Runs what was asked for and counts. `wrong`: how many rounds had a wrong outcome."""

    def __init__(self, options: SoakOptions) -> None:
        self._options = options
        self._faults: "Counter[str]" = Counter()
        self._rounds = 0
        self.wrong = 0

    def run(self) -> None:
        """All rounds. Raises RigError, LabError."""
        compile_peer()
        begun = time.monotonic()
        with work_folder(self._options.work, ROOM) as folder, _machines(self._options.local, folder) as machines:
            for number in self._numbers():
                if self._options.seconds and time.monotonic() - begun > self._options.seconds:
                    break
                swarm = roundplan.draw(self._options.seed, number, self._options.local)
                print(f"{number}: {roundplan.describe(swarm)}", flush=True)
                run = RoundRun(swarm, machines, folder / PAYLOAD, self._options.deadline)
                self._count(run, run.run())
                remove(folder / PAYLOAD) if swarm.tree else (folder / PAYLOAD).unlink()
        print(self._sum(time.monotonic() - begun), flush=True)

    def _numbers(self) -> List[int]:
        return [self._options.only] if self._options.only is not None else list(range(1, self._options.rounds + 1))

    def _count(self, run: RoundRun, result: RoundResult) -> None:
        self._rounds += 1
        self._faults.update(result.done)
        if not result.wrong:
            print("".join([f"   right, {result.seconds:.1f} s", *(f"; {said}" for said in result.words)]), flush=True)
            return
        self.wrong += 1
        for line in result.wrong:
            print(f"   WRONG: {line}", flush=True)
        print(f"   kept in {self._keep(run, result)}; again: {self._again(run.swarm)}", flush=True)

    def _again(self, swarm: Round) -> str:
        local = " --local" if self._options.local else ""
        return f"python rigs/soak.py --seed {self._options.seed} --round {swarm.number}{local}"

    def _keep(self, run: RoundRun, result: RoundResult) -> Path:
        """Everything that the peers left, and what was done to them."""
        place = self._options.keep / f"{self._options.seed}-{run.swarm.number}"
        remove(place)
        for machine, row in zip(run.dirs.machines, run.dirs.rows):
            shutil.copytree(machine.folder, place / str(row.peer_id), ignore=shutil.ignore_patterns("keys_*"))
        lines = [roundplan.describe(run.swarm), *result.diary, *result.wrong]
        (place / "round.txt").write_text("\n".join(lines) + "\n")
        return place

    def _sum(self, seconds: float) -> str:
        befell = ", ".join(f"{count} {kind}" for kind, count in sorted(self._faults.items()))
        rounds = "1 round" if self._rounds == 1 else f"{self._rounds} rounds"
        return (
            f"{rounds} of seed {self._options.seed} in {seconds:.0f} s, {self.wrong} wrong; faults: {befell or 'none'}"
        )


def _machines(local: bool, folder: Path) -> Union[LabMachines, LocalMachines]:
    return LocalMachines(folder) if local else LabMachines(folder)


@contextmanager
def work_folder(wanted: Optional[Path], need: int) -> Iterator[Path]:
    """A new folder, in memory where there is room, gone afterwards. Raises RigError."""
    parent = wanted or next((path for path in (MEMORY_DISK,) if _free(path) > 2 * need), Path(tempfile.gettempdir()))
    if _free(parent) < need:
        raise RigError(f"{parent}: no room for {need} bytes: name another folder with --work")
    folder = Path(tempfile.mkdtemp(prefix="weft-soak-", dir=parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove(folder)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free if os.access(folder, os.W_OK) else 0

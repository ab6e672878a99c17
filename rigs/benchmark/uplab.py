"""`up`: `fab up` on the hosts of a lab, beside an rsync to each of them at once and a `sha256sum` on each."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from netlab import Lab
from netlab.labhost import Host
from peer.edge.generate import write_file
from rigs import fabup
from rigs.benchmark import durable, userwork
from rigs.benchmark.copytools import Fanout
from rigs.benchmark.records import UserRun
from rigs.benchmark.rounds import PAYLOAD, Care
from rigs.benchmark.scenarios import GIB, MIB, Scenario
from rigs.benchmark.site import RUN, Site
from rigs.benchmark.usertable import BEFORE
from rigs.benchmark.userwork import Pass, Stage, Worker
from rigs.errors import RigError
from rigs.labinventory import lab_inventory
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import FIRST_ID
from rigs.workfolder import LAB

SWARM = "bench"
WORKDIR = ".weft"
FEW, MANY = 2, 10
DEADLINE = 1800.0  # seconds for one pass


class UpOptions(NamedTuple):
    """`receivers`: of each lab in turn; `size`: bytes of the payload (0: the usual); `against`: another checkout."""

    receivers: Tuple[int, ...] = (FEW, MANY)
    size: int = 0
    against: Optional[Path] = None

    def size_for(self, receivers: int) -> int:
        return self.size or (4 * GIB if receivers <= FEW else GIB)


def room(asked: UpOptions) -> int:
    """Bytes on the file system, for the largest of the labs."""
    return max((count + 2) * asked.size_for(count) for count in asked.receivers) + 64 * MIB


def run(folder: Path, disk: bool, asked: UpOptions, rounds: int, care: Care) -> Iterator[UserRun]:
    """All passes in a lab of each size."""
    for receivers in asked.receivers:
        size = asked.size_for(receivers)
        payload = folder / PAYLOAD
        write_file(payload, size)
        durable.sync([payload])
        with Lab.up(receivers + 1, 0.0, folder / LAB) as lab:
            site = Site(lab, Scenario("up", receivers, 0.0, size, disk), payload)
            stage = Stage("up", receivers, size, 1, disk, payload, site.wait_empty, size)
            yield from userwork.run_rounds(stage, _workers(site, folder, asked.against), rounds, care)
        payload.unlink()


def _workers(site: Site, folder: Path, against: Optional[Path]) -> List[Worker]:
    workers: List[Worker] = [LabUp(site, folder / "operator", CHECKOUT, "weft")]
    if against is not None:
        workers.append(LabUp(site, folder / "operator-before", against.resolve(), BEFORE))
    rsync = RsyncThenHash(site)
    missing = rsync.missing()
    if missing:
        print(f"without rsync: {missing}", flush=True)
    return workers if missing else [*workers, rsync]


def inventory(site: Site) -> str:
    """The text of an inventory of all hosts, the first the seed, which makes the payload itself."""
    swarm = f"name: {SWARM}, payload: {{generate: {site.scenario.size}, name: {PAYLOAD}}}"
    return lab_inventory(site.lab, swarm, [site.seed], f"workdir: ~/{WORKDIR}")


def forget(hosts: Sequence[Host]) -> None:
    """Nothing of any tool is left on these hosts."""
    for host in hosts:
        for name in (WORKDIR, RUN):
            shutil.rmtree(host.home / name, ignore_errors=True)


class LabUp:
    """`fab up` of one checkout, run on this machine as the operator's."""

    def __init__(self, site: Site, folder: Path, checkout: Path, name: str) -> None:
        self.name = name
        self._site = site
        self._folder = folder
        self._checkout = checkout

    def clear(self) -> None:
        forget(self._site.hosts)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        (self._folder / "inventory.yaml").write_text(inventory(self._site))

    def renew(self) -> None:
        forget(self._site.receivers[-1:])

    def once(self, group: ProcessGroup) -> Pass:
        site = self._site
        resident = site.resident_cpu()
        walked = fabup.walk(group, self._checkout, self._folder / "inventory.yaml", site.processes, DEADLINE)
        site.wait_empty()  # what the hosts' first processes wait for counts as theirs
        cpu = walked.operator + site.resident_cpu() - resident
        return Pass(walked.seconds, walked.phases, cpu, walked.operator, walked.peak, synced=True)

    def copies(self) -> Dict[str, Path]:
        swarm = Path(WORKDIR, SWARM)
        return {
            host.name: host.home / swarm / f"peer_{FIRST_ID + number}" / PAYLOAD
            for number, host in enumerate(self._site.receivers, start=1)
        }


class RsyncThenHash:
    """The seed's rsync to all receivers at once, then `sha256sum` on every host, the seed too, over SSH."""

    name = "rsync"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._fanout = Fanout("rsync")

    def missing(self) -> str:
        return self._fanout.missing()

    def clear(self) -> None:
        site = self._site
        forget(site.hosts)
        site.fresh()
        self._fanout.prepare(site)
        site.lend(site.seed, site.folder(site.seed))

    def renew(self) -> None:
        self._site.renew(self._site.receivers[-1])

    def once(self, group: ProcessGroup) -> Pass:
        resident = self._site.resident_cpu()
        begun = time.monotonic()
        group.wait_ends(self._fanout.start(self._site, group), DEADLINE)
        copied = time.monotonic()
        hashers = [self._hasher(group, host) for host in self._site.hosts]
        group.wait_ends(hashers, DEADLINE)
        ended = time.monotonic()
        if len({_digest(child) for child in hashers}) != 1:
            raise RigError("rsync: sha256sum finds different copies")
        phases = {"transfer": copied - begun, "verify": ended - copied}
        return Pass(ended - begun, phases, group.cpu + self._site.resident_cpu() - resident)

    def copies(self) -> Dict[str, Path]:
        return {host.name: self._site.folder(host) / PAYLOAD for host in self._site.receivers}

    def _hasher(self, group: ProcessGroup, host: Host) -> Child:
        path = f"{self._site.remote(host)}/{PAYLOAD}"
        argv = ["ssh", "-F", str(self._site.lab.ssh_config), host.name, "sha256sum", path]
        log = self._site.folder(host) / "sha256sum.txt"
        log.unlink(missing_ok=True)
        return group.start(f"sha256sum on {host.name}", subprocess.Popen, argv, log)


def _digest(child: Child) -> str:
    return child.last_words.split()[0]

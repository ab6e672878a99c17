"""Where one scenario takes place: the lab's hosts, the payload on the seed, and a fresh folder a run on each host."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Protocol, Set

from netlab import Lab, processes
from netlab.labhost import Host
from rigs import accounting
from rigs.benchmark.scenarios import Scenario
from rigs.procgroup import Launch, ProcessGroup

RUN = "run"
EMPTY_SECONDS = 10.0


class Site:
    """`payload` is the file as this machine reaches it, on the same file system as the hosts' homes."""

    def __init__(self, lab: Lab, scenario: Scenario, payload: Path) -> None:
        self.lab = lab
        self.scenario = scenario
        self.payload = payload
        self.seed, *self.receivers = lab.hosts.values()
        self._residents = self.processes()

    @property
    def hosts(self) -> List[Host]:
        return [self.seed, *self.receivers]

    def fresh(self) -> None:
        """A new empty folder for this run on each host."""
        for host in self.hosts:
            self.renew(host)

    def renew(self, host: Host) -> None:
        """A new empty folder on one host."""
        shutil.rmtree(self.folder(host), ignore_errors=True)
        self.folder(host).mkdir()
        os.chown(self.folder(host), host.uid, host.uid)

    def folder(self, host: Host) -> Path:
        """The run's folder as this machine reaches it."""
        return host.home / RUN

    def remote(self, host: Host) -> str:
        """The same as the host itself names it."""
        return f"{host.remote_home}/{RUN}"

    def lend(self, host: Host, folder: Path) -> None:
        """Put the payload there, as a further name of the same file."""
        folder.mkdir(parents=True, exist_ok=True)
        os.link(self.payload, folder / self.payload.name)
        os.chown(folder, host.uid, host.uid)

    def launcher(self, host: Host) -> Launch:
        return lambda argv, **options: host.popen(argv, root=True, **options)

    def sent_by_seed(self) -> int:
        """Bytes that the seed's link has sent so far, headers included."""
        return self.lab.traffic()[self.seed.name].sent

    def crossed(self) -> int:
        """Bytes that have come into any zone from others so far, headers and acknowledgements included."""
        return sum(link.received for name, link in self.lab.traffic().items() if name in self.lab.plan.zones)

    def zones(self) -> Dict[str, str]:
        """The zone of each host; empty without zones."""
        return {one.name: one.zone for one in self.lab.plan.hosts if one.zone}

    def processes(self) -> Set[int]:
        """All that runs on the hosts now."""
        found = processes.inside(host.namespace for host in self.hosts)
        return {pid for pids in found.values() for pid in pids}

    def resident_cpu(self) -> float:
        """CPU seconds of what always runs on the hosts (sshd), and of the children that it waited for."""
        return accounting.total_cpu(self._residents)

    def wait_empty(self) -> None:
        """Return once nothing but the residents runs; what a tool leaves behind is killed after a while."""
        deadline = time.monotonic() + EMPTY_SECONDS
        while left := self.processes() - self._residents:
            if time.monotonic() > deadline:
                _kill(left)
            time.sleep(0.02)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Outcome(NamedTuple):
    """When the receivers were started, and when each had its verified copy (seconds since the epoch, by host).

    `synced`: the copies were on the disk by then.
    """

    begun: float
    done: Dict[str, float]
    details: Dict[str, Any] = {}
    synced: bool = False


class Tool(Protocol):
    """One way to bring the payload from the seed to all receivers."""

    name: str

    def missing(self) -> str:
        """Why it can't be run on this machine; "" if it can."""

    def prepare(self, site: Site) -> None:
        """What isn't measured: configurations, torrents, manifests."""

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        """One run in the fresh folders of `site`. Raises RigError if a receiver doesn't get the payload."""

    def copy(self, site: Site, host: Any) -> Any:
        """Where the receiver's copy lies at the end, as this machine reaches it."""

"""Where one scenario takes place: the lab's hosts, the payload on the seed, and a fresh folder a run on each host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List

from tools.benchkit import accounting
from tools.benchkit.crew import Launch
from tools.benchkit.scenarios import Scenario
from tools.labkit import Lab, processes
from tools.labkit.host import Host

RUN = "run"


class Site:
    """`payload` is the file as this machine reaches it, on the same file system as the hosts' homes."""

    def __init__(self, lab: Lab, scenario: Scenario, payload: Path) -> None:
        self.lab = lab
        self.scenario = scenario
        self.payload = payload
        self.seed, *self.receivers = lab.hosts.values()

    @property
    def hosts(self) -> List[Host]:
        return [self.seed, *self.receivers]

    def fresh(self) -> None:
        """A new empty folder for this run on each host."""
        for host in self.hosts:
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

    def resident_cpu(self) -> float:
        """CPU seconds of what runs on the hosts (sshd), and of the children that it waited for."""
        found = processes.inside(host.namespace for host in self.hosts)
        return accounting.total_cpu(pid for pids in found.values() for pid in pids)

"""The operator of a lab's hosts: writes the inventory, types `fab`, and looks at what is left on the hosts."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Collection, Dict, Iterator, List, Sequence

from netlab import Lab, processes
from tests.deploy_edge.fabrun import Ran, fab, fab_command, fab_environment
from tests.helpers.waiting import wait_for

SECONDS = 100.0
NAME = "f.dat"
PORT = 6008  # each host's peer listens there
_LISTENING = "0A"


class Operator:
    """A person with a folder, an inventory and `fab`. Hosts are node01 (the seed, peer 1001), node02 (1002), ..."""

    def __init__(self, lab: Lab, folder: Path, hosts: Sequence[str] = ()) -> None:
        self.lab = lab
        self.folder = folder
        self.hosts = list(hosts or lab.hosts)
        self._running: List[Running] = []

    def write(self, payload: str = f"{{generate: 4MiB, name: {NAME}}}", patience: float = 20, **more: str) -> None:
        """Write the inventory; `more`: a host's extra keys by its name."""
        lines = [
            f"swarm: {{name: t, payload: {payload}, piece_size: 64KiB, patience: {patience:g}}}",
            f"defaults: {{user: {self.lab.user}, key: {json.dumps(str(self.lab.key))},"
            f" known_hosts: {json.dumps(str(self.lab.known_hosts))}}}",
            "hosts:",
            *(f"  {one}: {{address: {self.lab.hosts[one].address}{more.get(one, '')}}}" for one in self.hosts),
            f"seeds: [{self.hosts[0]}]",
        ]
        (self.folder / "inventory.yaml").write_text("\n".join(lines) + "\n")

    def fab(self, *arguments: str, folder: "Path | None" = None) -> Ran:
        """Run `fab` to its end."""
        return fab(folder or self.folder, *arguments, home=self.folder)

    @contextlib.contextmanager
    def begin(self, *arguments: str, folder: "Path | None" = None) -> Iterator["Running"]:
        """Begin `fab`; at the end of the block it's ended, if it hasn't by itself."""
        running = Running(fab_command(*arguments), folder or self.folder, self.folder)
        self._running.append(running)
        try:
            yield running
        finally:
            running.kill()
            self._running.remove(running)

    def swarm(self, host: str) -> Path:
        """The swarm's folder of a host, as this machine reaches it."""
        return self.lab.hosts[host].home / ".weft" / "t"

    def peer(self, host: str) -> int:
        return 1001 + self.hosts.index(host)

    def copy(self, host: str) -> Path:
        """Where a host's copy of the payload is to lie in the end."""
        return self.swarm(host) / f"peer_{self.peer(host)}" / NAME

    def status(self, host: str) -> Dict[str, Any]:
        """What the host's peer says of itself; empty where it says nothing."""
        try:
            fields: Dict[str, Any] = json.loads((self.swarm(host) / f"status_{self.peer(host)}.json").read_text())
        except (OSError, ValueError):
            return {}
        return fields

    def wait_half_way(self, *hosts: str) -> None:
        """Wait until the hosts have some pieces and not all, while a `fab` runs."""

        def has_some(host: str) -> bool:
            assert all(running.process.poll() is None for running in self._running), self._running[0].said
            return bool(self.status(host).get("pieces", 0) > 1)

        for host in hosts:
            wait_for(lambda host=host: has_some(host), f"{host} to have some pieces")
            assert self.status(host)["pieces"] < self.status(host)["total"], f"{host} is done already: slow it down"

    def left_on(self, host: str) -> List[str]:
        """Files, processes and ports of ours that are on the host."""
        one = self.lab.hosts[host]
        files = [f"file {path.relative_to(one.home)}" for path in one.home.rglob("*")]
        ports = [f"port {port}" for port in listening(one.pid) if port != 22]
        return files + ports + [f"process {words}" for words in self.processes(host)]

    def processes(self, host: str) -> List[str]:
        """The command lines of agents and peers on the host."""
        space = self.lab.hosts[host].namespace
        found = (_command_line(pid) for pid in processes.inside([space]).get(space, ()))
        return [words for words in found if "python" in words]

    def wait_until_ended(self, but: Collection[str] = ()) -> None:
        """Until no agent and no peer runs on any host; an agent ends a moment after the command that it served."""
        hosts = [host for host in self.hosts if host not in but]
        wait_for(lambda: not any(map(self.processes, hosts)), "agents and peers to end")

    def clean(self) -> None:
        """`fab clean` leaves nothing on any host."""
        ran = self.fab("clean")
        assert ran.code == 0, ran
        wait_for(lambda: not any(map(self.left_on, self.hosts)), f"nothing to be left: {self.left()}")

    def left(self) -> Dict[str, List[str]]:
        return {host: self.left_on(host) for host in self.hosts if self.left_on(host)}

    def restore(self) -> None:
        """Whatever a test did: the lab as it was."""
        for host in self.hosts:
            self.lab.heal(host)
            self.lab.rate(host, self.lab.plan.rate)
            kill = ["pkill", "-KILL", "-u", self.lab.user, "python3"]
            self.lab.run(host, kill, check=False, root=True)
            self.lab.run(host, ["sh", "-c", "rm -rf ~/.weft ~/*"], check=False)


class Running:
    """A `fab` that runs: its words as they come, signals to it, its end."""

    def __init__(self, command: List[str], folder: Path, home: Path) -> None:
        self._out, self._err = home / f"out-{time.monotonic_ns()}", home / f"err-{time.monotonic_ns()}"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command, cwd=folder, env=fab_environment(home), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def said(self) -> str:
        """Its standard error so far."""
        return self._err.read_text()

    def wait_until_said(self, words: str) -> None:
        def said_or_ended() -> bool:
            ended = self.process.poll() is not None
            return words in self.said or ended

        wait_for(said_or_ended, f"{words!r} in what fab says")
        assert words in self.said, self.said

    def signal(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def end(self) -> Ran:
        """Wait for its end."""
        try:
            code = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"fab didn't end within {SECONDS:g} s; it said: {self.said}") from None
        return Ran(code, self._out.read_text(), self.said)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def listening(pid: int) -> List[int]:
    """The TCP ports on which somebody listens in a process's network."""
    rows = [row.split() for name in ("tcp", "tcp6") for row in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()]
    return sorted({int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTENING})


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""

"""What the peers of a round run on: hosts of a lab with links that can be cut and slowed down, or this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Protocol, Set

from netlab import Lab
from rigs.freeports import free_ports
from rigs.soaking.roundplan import MOST_PEERS, ZONES
from rigs.swarmdir import FIRST_PORT

RUN = "run"


class Machine(NamedTuple):
    """One peer's place. `folder`: its working directory as we reach it; `remote`: as the peer itself names it."""

    folder: Path
    remote: str
    address: str
    port: int
    launch: "Callable[..., subprocess.Popen[Any]]"  # as Popen


class Machines(Protocol):
    """Makes fresh machines for a round; where there are links, cuts, joins and shapes them (Mbit/s).

    `between`: the rate of the link between the two zones of the hosts (0: unshaped). `close`: until the next `prepare`
    the host accepts nothing. `split`: nothing passes between its zone and the other one."""

    def prepare(self, count: int, rate: float, between: float = 0.0) -> List[Machine]: ...
    def part(self, place: int) -> None: ...
    def join(self, place: int) -> None: ...
    def rate(self, place: int, mbit: float) -> None: ...
    def close(self, place: int) -> None: ...
    def split(self, place: int) -> None: ...
    def unite(self) -> None: ...


class LabMachines:
    """A host of a lab for each peer, in two zones; leaving the `with` block takes the lab down."""

    def __init__(self, folder: Path, hosts: int = MOST_PEERS) -> None:
        self._lab = Lab.up(hosts, 0, folder / "lab", zones=ZONES)
        self._hosts = list(self._lab.hosts.values())
        self._rates: Dict[int, float] = {}
        self._cut: Dict[int, bool] = {}
        self._closed: Set[int] = set()
        self._split = ""
        self._between = 0.0

    def prepare(self, count: int, rate: float, between: float = 0.0) -> List[Machine]:
        self.unite()
        if self._between != between:
            self._between = between
            for zone in self._lab.plan.zones:
                self._lab.rate(zone, between)
        found = []
        for place, host in enumerate(self._hosts[:count]):
            self.join(place)
            self._open(place)
            self.rate(place, rate)
            fresh(host.home / RUN)
            remote = f"{host.remote_home}/{RUN}"
            found.append(Machine(host.home / RUN, remote, host.address, FIRST_PORT, _as_root(host.popen)))
        return found

    def part(self, place: int) -> None:
        self._lab.cut(self._hosts[place].name)
        self._cut[place] = True

    def join(self, place: int) -> None:
        if self._cut.pop(place, False):
            self._lab.heal(self._hosts[place].name)

    def rate(self, place: int, mbit: float) -> None:
        if self._rates.get(place) != mbit:
            self._rates[place] = mbit
            self._lab.rate(self._hosts[place].name, mbit)

    def close(self, place: int) -> None:
        self._lab.reach(self._hosts[place].name, inbound=False)
        self._closed.add(place)

    def split(self, place: int) -> None:
        self._split = self._lab.plan.hosts[place].zone
        self._lab.cut(self._split)

    def unite(self) -> None:
        if self._split:
            self._lab.heal(self._split)
            self._split = ""

    def _open(self, place: int) -> None:
        if place in self._closed:
            self._closed.remove(place)
            self._lab.reach(self._hosts[place].name, inbound=True)

    def __enter__(self) -> "LabMachines":
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.down()


class LocalMachines:
    """A folder for each peer on this machine; no links, so nothing to cut or to shape."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, count: int, rate: float, between: float = 0.0) -> List[Machine]:
        found = []
        for place, port in enumerate(free_ports(count)):
            folder = self._folder / f"host{place + 1}"
            fresh(folder)
            found.append(Machine(folder, str(folder), "127.0.0.1", port, subprocess.Popen))
        return found

    def part(self, place: int) -> None:
        raise NotImplementedError

    join = close = split = part

    def unite(self) -> None:
        raise NotImplementedError

    def rate(self, place: int, mbit: float) -> None:
        raise NotImplementedError

    def __enter__(self) -> "LocalMachines":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _as_root(popen: "Callable[..., subprocess.Popen[Any]]") -> "Callable[..., subprocess.Popen[Any]]":
    """The checkout may be readable for root alone."""

    def launch(argv: List[str], **options: Any) -> "subprocess.Popen[Any]":
        return popen(argv, root=True, **options)

    return launch


def fresh(folder: Path) -> None:
    """An empty folder, whatever was there."""
    remove(folder)
    folder.mkdir(parents=True)


def remove(folder: Path) -> None:
    """Also what a payload's modes protect."""
    for path, _, _ in os.walk(folder):
        os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)

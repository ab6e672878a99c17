"""Finds hosts that are one machine, and their conflicts: equal ports, working folders and destinations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deploy.core.inventory.errors import Ledger
from deploy.core.inventory.model import Host, OnSeed, Payload, Peer
from deploy.core.inventory.names import is_loopback
from deploy.core.inventory.ranges import fold

LAST_PORT = 65535
_HERE = "this machine"


def peer_machines(host: Host) -> tuple[str, ...]:
    """Texts that identify a machine: hosts with one in common share its ports, as far as an inventory can tell.

    This machine may be named by its address in the network as well, so it may have two.
    """
    away = () if is_loopback(host.peer_address) else (host.peer_address.casefold(),)
    return ((_HERE,) if host.local or not away else ()) + away


def login_machine(host: Host) -> tuple[object, ...]:
    """A value that identifies a host's folders: hosts with the same one share them, as far as an inventory can tell."""
    if host.local:
        return (_HERE,)
    return (host.address.casefold(), host.port or 22, host.user, host.jump)


class Ports:
    """The ports in use on each machine, each with the line that asked for it."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, int], int] = {}
        self._from: dict[tuple[tuple[str, ...], int], int] = {}  # by machine: below this port none is free

    def take(self, machines: tuple[str, ...], port: int, line: int) -> int:
        """Take a port; returns the line of the peer that has it already, or 0."""
        others = [self._taken[machine, port] for machine in machines if (machine, port) in self._taken]
        for machine in machines:
            self._taken.setdefault((machine, port), line)
        return others[0] if others else 0

    def next(self, machines: tuple[str, ...], first: int, line: int) -> int:
        """Take the lowest free port from `first` on; returns 0 if there is none."""
        for port in range(self._from.get((machines, first), first), LAST_PORT + 1):
            if not any((machine, port) in self._taken for machine in machines):
                self.take(machines, port, line)
                self._from[machines, first] = port + 1
                return port
        return 0


def check_machines(hosts: Sequence[Host], peers: Sequence[Peer], payload: Payload, ledger: Ledger) -> None:
    """Notes hosts that would write to one another's folders, and addresses that other hosts can't reach."""
    busy = {peer.host for peer in peers}
    at_work = [host for host in hosts if host.name in busy]
    _check_folders(at_work, ledger)
    _check_destinations(at_work, peers, payload, ledger)
    _check_reach(at_work, ledger)


def _check_folders(hosts: Iterable[Host], ledger: Ledger) -> None:
    sharing: dict[tuple[object, ...], list[Host]] = {}
    for host in hosts:
        sharing.setdefault((*login_machine(host), _trimmed(host.workdir)), []).append(host)
    for first, *others in sharing.values():
        if others:
            names = fold(host.name for host in others)
            problem = f"'{first.workdir}' is the folder of {first.name} and of {names}, on one machine"
            remedy = f"write workdir: {_trimmed(first.workdir)}/{{host}}"
            ledger.add(("hosts", others[0].name, "workdir"), f"{problem}; {remedy}", others[0].line)


def _check_destinations(hosts: Iterable[Host], peers: Sequence[Peer], payload: Payload, ledger: Ledger) -> None:
    """Two peers can't write the payload to one path. A seed that has it there already writes nothing."""
    first: dict[tuple[object, ...], Peer] = {}
    writers: dict[str, list[Peer]] = {}
    for peer in peers:
        if not (peer.seed and isinstance(payload, OnSeed)):
            writers.setdefault(peer.host, []).append(peer)
    for host in hosts:
        place = host.releases.root if host.releases else host.destination
        for peer in writers.get(host.name, ()) if place else ():
            twin = first.setdefault((*login_machine(host), _trimmed(place or "")), peer)
            if twin is not peer:
                problem = f"'{place}' is where peers {twin.peer_id} and {peer.peer_id} would both write"
                remedy = "leave it out, or keep one peer there"
                ledger.add(("hosts", host.name, "destination"), f"{problem}; {remedy}", host.line)


def _check_reach(hosts: Sequence[Host], ledger: Ledger) -> None:
    """With a loopback address, other hosts can't reach the peers of a host."""
    others = [host for host in hosts if not is_loopback(host.peer_address)]
    if not others:
        return
    lonely = [host for host in hosts if is_loopback(host.peer_address)]
    for host in lonely[:1]:
        names = fold(one.name for one in lonely)
        problem = f"the other hosts can't reach {host.peer_address} on {names}"
        remedy = "set peer_address to its address in their network"
        ledger.add(("hosts", host.name), f"{problem}; {remedy}", host.line)


def _trimmed(path: str) -> str:
    return path.rstrip("/") or "/"

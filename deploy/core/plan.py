"""The plan: what a chain of tasks does on which host, in order, as plain data that can be shown or walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from deploy.core.configfiles import piece_size_of, swarm_folder, texts
from deploy.core.inventory import Generate, Host, Inventory, OnSeed, Peer, Upload
from peer.core.sizes import format_size

PHASES = ("check", "deploy", "start", "logs", "status", "collect-logs", "verify", "stop", "clean")
UP = ("deploy", "start", "logs", "verify")  # what the task `up` stands for

__all__ = [
    "PHASES", "UP", "Facts", "Step",
    "facts_of", "final_path", "format_steps", "piece_size_of", "steps", "swarm_folder", "texts",
]  # fmt: skip


class Facts(NamedTuple):
    """What is known of the payload before anybody connects; None: only the seed knows."""

    name: str
    size: int | None = None  # bytes
    piece_size: int | None = None  # bytes
    pieces: int | None = None

    def __str__(self) -> str:
        if self.size is None or self.piece_size is None:
            return f"{self.name} (its size is known on the seed)"
        return f"{self.name} ({format_size(self.size)}, {self.pieces} pieces of {format_size(self.piece_size)})"


class Step(NamedTuple):
    """One thing done on one host. `peer` is an ID, None where the step is for the whole host."""

    phase: str  # one of PHASES
    host: str  # the Host's name
    peer: int | None
    what: str  # for a person: "push code, configuration and keys to ~/.weft/demo"


def facts_of(inventory: Inventory, size: int | None = None) -> Facts:
    """The payload's facts as far as the inventory tells; `size` (bytes) where somebody measured it."""
    payload = inventory.swarm.payload
    if isinstance(payload, Generate):
        size = payload.size
    if size is None:
        return Facts(payload.name, piece_size=inventory.swarm.piece_size)
    piece_size = piece_size_of(inventory, size)
    return Facts(payload.name, size, piece_size, -(-size // piece_size))


def steps(inventory: Inventory, phases: Sequence[str], facts: Facts | None = None) -> tuple[Step, ...]:
    """The steps of `phases` (names of PHASES; "up" stands for UP), in the order of doing.

    Within `start` the order is PeerInfo's; `stop` goes the other way round. Only selected hosts have steps.
    Raises ValueError for a phase that doesn't exist.
    """
    planner = _Planner(inventory, facts or facts_of(inventory))
    made: list[Step] = []
    for phase in (one for name in phases for one in (UP if name == "up" else (name,))):
        if phase not in _MAKERS:
            raise ValueError(f"no phase is called '{phase}'; known: up, {', '.join(PHASES)}")
        made.extend(_MAKERS[phase](planner))
    return tuple(made)


def format_steps(plan: Sequence[Step]) -> tuple[str, ...]:
    """A line a step, in columns: phase, host, peer, what."""
    cells = [(step.phase, step.host, "" if step.peer is None else str(step.peer)) for step in plan]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(3)]
    return tuple(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), step.what])
        for row, step in zip(cells, plan)
    )


class _Planner:
    """Makes the steps of one phase; each method's name is its phase."""

    def __init__(self, inventory: Inventory, facts: Facts) -> None:
        self._inventory = inventory
        self._facts = facts

    def check(self) -> Iterator[Step]:
        size = self._facts.size
        room = "room for the payload" if size is None else f"room for {format_size(size)}"
        for host in self._inventory.chosen_hosts:
            ports = ", ".join(str(peer.port) for peer in self._inventory.peers_on(host.name))
            way = "" if host.local else f"log in{_through(host)}; "
            what = f"{way}{host.python}, {room} in {host.workdir}, clock, port {ports} free"
            yield Step("check", host.name, None, what)
        for host in self._inventory.chosen_hosts:
            yield Step("check", host.name, None, "reach the other hosts' peer ports")

    def deploy(self) -> Iterator[Step]:
        for peer in (peer for peer in self._inventory.chosen_peers if peer.seed):
            yield Step("deploy", peer.host, peer.peer_id, self._payload(peer))
        keys = " and each peer's keys" if self._inventory.tls else ""
        for host in self._inventory.chosen_hosts:
            folder = swarm_folder(self._inventory, host.name)
            what = f"push code, configuration{keys} to {folder}, unless they are there"
            yield Step("deploy", host.name, None, what)

    def start(self) -> Iterator[Step]:
        for peer in self._inventory.chosen_peers:
            address = self._inventory.host(peer.host).peer_address
            role = "the seed" if peer.seed else "a peer without the payload"
            what = f"start {role}, wait until {address} port {peer.port} listens"
            yield Step("start", peer.host, peer.peer_id, what)

    def logs(self) -> Iterator[Step]:
        return self._each_host("logs", "follow {} until done")

    def status(self) -> Iterator[Step]:
        return self._each_host("status", "ask {}")

    def collect_logs(self) -> Iterator[Step]:
        return self._each_host("collect-logs", "fetch logs and status of {}")

    def verify(self) -> Iterator[Step]:
        for peer in self._inventory.chosen_peers:
            what = f"hash {final_path(self._inventory, peer)}, compare with the manifest"
            yield Step("verify", peer.host, peer.peer_id, what)

    def stop(self) -> Iterator[Step]:
        for peer in reversed(self._inventory.chosen_peers):
            yield Step("stop", peer.host, peer.peer_id, "end the peer, by TERM first")

    def clean(self) -> Iterator[Step]:
        for host in self._inventory.chosen_hosts:
            kept = f"; {host.destination} keeps its copy" if host.destination else ""
            what = f"stop, then remove {swarm_folder(self._inventory, host.name)}{kept}"
            yield Step("clean", host.name, None, what)

    def _each_host(self, phase: str, what: str) -> Iterator[Step]:
        for host in self._inventory.chosen_hosts:
            peers = self._inventory.peers_on(host.name)
            count = f"peer {peers[0].peer_id}" if len(peers) == 1 else f"{len(peers)} peers"
            yield Step(phase, host.name, None, what.format(count))

    def _payload(self, peer: Peer) -> str:
        payload, place = self._inventory.swarm.payload, final_path(self._inventory, peer)
        if isinstance(payload, Generate):
            return f"make {self._facts} at {place}, hash it"
        if isinstance(payload, Upload):
            return f"upload {payload.path} to {place}, hash it"
        return f"find {place}, hash it"


_MAKERS: dict[str, Callable[[_Planner], Iterator[Step]]] = {
    "check": _Planner.check,
    "deploy": _Planner.deploy,
    "start": _Planner.start,
    "logs": _Planner.logs,
    "status": _Planner.status,
    "collect-logs": _Planner.collect_logs,
    "verify": _Planner.verify,
    "stop": _Planner.stop,
    "clean": _Planner.clean,
}


def final_path(inventory: Inventory, peer: Peer) -> str:
    """Where a peer's copy lies in the end, `~` not yet expanded."""
    host, payload = inventory.host(peer.host), inventory.swarm.payload
    if peer.seed and isinstance(payload, OnSeed):
        return payload.path
    folder = host.destination or f"{swarm_folder(inventory, host.name)}/peer_{peer.peer_id}"
    return f"{folder.rstrip('/')}/{payload.name}"


def _through(host: Host) -> str:
    return f" through {', '.join(str(jump) for jump in host.jump)}" if host.jump else ""

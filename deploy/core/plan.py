"""The plan: what a chain of tasks does on which host, in order, as plain data that can be shown or walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from deploy.core.model import Generate, Host, Inventory, Peer, Upload
from deploy.core.texts import piece_size_of, swarm_folder, texts
from peer.core.sizes import format_size

PHASES = ("check", "deploy", "start", "logs", "status", "collect-logs", "verify", "stop", "clean")
UP = ("deploy", "start", "logs", "verify")  # what the task `up` stands for

__all__ = [
    "PHASES", "UP", "Facts", "Step", "facts_of", "format_steps", "piece_size_of", "steps", "swarm_folder", "texts",
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
        return (
            f"{self.name} ({format_size(self.size)}, {self.pieces} pieces of {format_size(self.piece_size)})"
        )


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
    made: list[Step] = []
    for phase in (one for name in phases for one in (UP if name == "up" else (name,))):
        if phase not in _MAKERS:
            raise ValueError(f"no phase is called '{phase}'; known: up, {', '.join(PHASES)}")
        made.extend(_MAKERS[phase](inventory, facts or facts_of(inventory)))
    return tuple(made)


def format_steps(plan: Sequence[Step]) -> tuple[str, ...]:
    """A line a step, in columns: phase, host, peer, what."""
    cells = [(step.phase, step.host, "" if step.peer is None else str(step.peer)) for step in plan]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(3)]
    return tuple(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), step.what])
        for row, step in zip(cells, plan)
    )


def _check(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    room = f"room for {format_size(facts.size)}" if facts.size is not None else "room for the payload"
    for host in inventory.chosen_hosts:
        ports = ", ".join(str(peer.port) for peer in inventory.peers_on(host.name))
        way = "" if host.local else f"log in{_through(host)}; "
        yield Step(
            "check",
            host.name,
            None,
            f"{way}{host.python}, {room} in {host.workdir}, clock, port {ports} free",
        )
    for host in inventory.chosen_hosts:
        yield Step("check", host.name, None, "reach the other hosts' peer ports")


def _deploy(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for peer in (peer for peer in inventory.chosen_peers if peer.seed):
        yield Step("deploy", peer.host, peer.peer_id, _payload_step(inventory, peer, facts))
    keys = " and each peer's keys" if inventory.tls else ""
    for host in inventory.chosen_hosts:
        folder = swarm_folder(inventory, host.name)
        yield Step(
            "deploy", host.name, None, f"push code, configuration{keys} to {folder}, unless they are there"
        )


def _start(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        address = inventory.host(peer.host).peer_address
        role = "the seed" if peer.seed else "a peer without the payload"
        yield Step(
            "start", peer.host, peer.peer_id, f"start {role}, wait until {address} port {peer.port} listens"
        )


def _logs(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("logs", host.name, None, f"follow {_count(inventory, host)} until done")


def _status(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("status", host.name, None, f"ask {_count(inventory, host)}")


def _collect(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("collect-logs", host.name, None, f"fetch logs and status of {_count(inventory, host)}")


def _verify(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        place = _final_place(inventory, peer)
        yield Step("verify", peer.host, peer.peer_id, f"hash {place}, compare with the manifest")


def _stop(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for peer in reversed(inventory.chosen_peers):
        yield Step("stop", peer.host, peer.peer_id, "end the peer, by TERM first")


def _clean(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        kept = f"; {host.destination} keeps its copy" if host.destination else ""
        yield Step("clean", host.name, None, f"stop, then remove {swarm_folder(inventory, host.name)}{kept}")


_MAKERS: dict[str, Callable[[Inventory, Facts], Iterator[Step]]] = {
    "check": _check,
    "deploy": _deploy,
    "start": _start,
    "logs": _logs,
    "status": _status,
    "collect-logs": _collect,
    "verify": _verify,
    "stop": _stop,
    "clean": _clean,
}


def _payload_step(inventory: Inventory, peer: Peer, facts: Facts) -> str:
    payload = inventory.swarm.payload
    if isinstance(payload, Generate):
        return f"make {facts} at {_final_place(inventory, peer)}, hash it"
    if isinstance(payload, Upload):
        return f"upload {payload.path} to {_final_place(inventory, peer)}, hash it"
    return f"find {payload.path}, hash it"


def _final_place(inventory: Inventory, peer: Peer) -> str:
    """Where a peer's copy lies in the end."""
    host, payload = inventory.host(peer.host), inventory.swarm.payload
    if peer.seed and not isinstance(payload, (Generate, Upload)):
        return payload.path
    folder = host.destination or f"{swarm_folder(inventory, host.name)}/peer_{peer.peer_id}"
    return f"{folder.rstrip('/')}/{payload.name}"


def _count(inventory: Inventory, host: Host) -> str:
    peers = inventory.peers_on(host.name)
    return f"peer {peers[0].peer_id}" if len(peers) == 1 else f"{len(peers)} peers"


def _through(host: Host) -> str:
    return f" through {', '.join(str(jump) for jump in host.jump)}" if host.jump else ""

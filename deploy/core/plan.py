"""The plan: the steps of a chain of tasks on each host, in order, as plain data; each task defines its phases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from deploy.core.columns import columns
from deploy.core.configfiles import piece_size_of
from deploy.core.inventory import Generate, Inventory
from peer.core.counting import count_of
from peer.core.sizes import format_size


class Facts(NamedTuple):
    """The facts known about the payload before we connect to a host; None: only the seed has them."""

    name: str
    size: int | None = None  # bytes
    piece_size: int | None = None  # bytes
    pieces: int | None = None

    def __str__(self) -> str:
        if self.size is None:
            return f"{self.name} (its size is known on the seed)"
        if self.piece_size is None or self.pieces is None:
            return f"{self.name} ({format_size(self.size)})"
        pieces = f"{count_of(self.pieces, 'piece')} of {format_size(self.piece_size)}"
        return f"{self.name} ({format_size(self.size)}, {pieces})"


class Step(NamedTuple):
    """One thing done on one host. `peer` is an ID, None if the step is for the host."""

    phase: str  # the phase's name
    host: str  # the Host's name
    peer: int | None
    what: str  # for a person: "push code, configuration and keys to ~/.weft/demo"


Steps = Sequence[Step]


def facts_of(inventory: Inventory, size: int | None = None, is_tree: bool = False) -> Facts:
    """The payload's facts from the inventory; `size` (bytes) if it was measured.

    Each file of a tree begins a piece, so only the manifest tells how many there are.
    """
    payload = inventory.swarm.payload
    if isinstance(payload, Generate):
        size = payload.size
    if size is None:
        return Facts(payload.name, piece_size=inventory.swarm.piece_size)
    piece_size = piece_size_of(inventory, size)
    return Facts(payload.name, size, piece_size, None if is_tree else -(-size // piece_size))


def hosts_of(steps: Iterable[Step]) -> list[str]:
    """The hosts that the steps name, each once, in the order of the steps."""
    return list(dict.fromkeys(step.host for step in steps))


def peers_of(steps: Iterable[Step], host: str | None = None) -> list[int]:
    """The IDs of the peers that the steps name, in the order of the steps; only those of `host`, if it is given."""
    return [step.peer for step in steps if step.peer is not None and host in (None, step.host)]


def format_steps(steps: Steps) -> tuple[str, ...]:
    """One line for each step, in columns: phase, host, peer, action."""
    return columns([(step.phase, step.host, str(step.peer or ""), step.what) for step in steps])

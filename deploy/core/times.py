"""How long a run took its user, by phases, and its swarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from deploy.core.inventory import Inventory
from deploy.core.prediction import Limit

CONNECT, HASH, PUSH, START, TRANSFER, COLLECT, VERIFY, TURN, THEN = (
    "connect", "hash", "push", "start", "transfer", "collect", "verify", "turn", "then",
)  # fmt: skip
PHASES = (CONNECT, HASH, PUSH, START, TRANSFER, COLLECT, VERIFY, TURN, THEN)
_SHOWN = 0.05  # seconds: less would be shown as 0.0


class Times(NamedTuple):
    """Seconds: `total` and `phases` of the user; `swarm` of the peers, from the first start to the last copy.

    `moved`: whether all receivers fetched everything, so that the swarm's time and `limit` can be compared. `fetched`:
    the most bytes that a receiver fetched, and those of the payload; None where that is unknown or everything.
    """

    total: float = 0.0
    phases: Mapping[str, float] = {}
    swarm: float | None = None
    limit: Limit | None = None
    moved: bool = False
    fetched: tuple[int, int] | None = None


def format_phases(times: Times) -> str:
    """`21 s: hash 1.0, push 2.0, start 2.3, transfer 8.1, verify 7.5`; phases that took no time are left out."""
    known = [(phase, times.phases.get(phase, 0.0)) for phase in PHASES]
    parts = [f"{phase} {_text(seconds)}" for phase, seconds in known if seconds >= _SHOWN]
    return f"{_text(times.total)} s" + (f": {', '.join(parts)}" if parts else "")


def _text(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"  # all phases fit into 80 columns


def all_moved(inventory: Inventory, statuses: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether every receiver fetched the complete payload: one that had parts of it can't be compared."""
    fetched = _fetched(inventory, statuses)
    return bool(fetched) and all(down >= size > 0 for down, size in fetched)


def most_fetched(inventory: Inventory, statuses: Mapping[int, Mapping[str, Any]]) -> tuple[int, int] | None:
    """The most bytes that a receiver fetched, and those of the payload, where each receiver had a part of it before."""
    fetched = _fetched(inventory, statuses)
    return None if any(down >= size for down, size in fetched) else max(fetched, default=None)


def _fetched(inventory: Inventory, statuses: Mapping[int, Mapping[str, Any]]) -> list[tuple[int, int]]:
    """The bytes that each receiver fetched, and those of the payload; nothing unless all of them are known."""
    wanting = [statuses.get(peer.peer_id) for peer in inventory.chosen_peers if not peer.seed]
    known = [(status["bytes_down"], status["size"]) for status in wanting if status]
    return known if len(known) == len(wanting) else []


def known_statuses(about: Mapping[int, Any]) -> dict[int, Mapping[str, Any]]:
    """The statuses in the hosts' answers about their peers, by ID, without peers that have none."""
    return {peer: fields["status"] for peer, fields in about.items() if fields["status"]}


def payload_size(statuses: Iterable[Mapping[str, Any]]) -> int:
    """Bytes of the payload by the peers' statuses; 0 without one."""
    return max((status["size"] for status in statuses), default=0)

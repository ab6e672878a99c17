"""Which hosts got the payload slowly, compared with the others, and the known reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deploy.core.caps import link_of
from deploy.core.inventory import Inventory
from peer.core.sizes import format_rate

_TIMES = 1.5  # times the median: a longer time is slow
_SECONDS = 2.0  # more than the median: a shorter delay isn't noticed
_FEWEST = 3  # peers that are enough for a comparison
MOST = 3  # lines


class Receiver(NamedTuple):
    """The time that one peer took for its copy, from its start to its last verified piece."""

    peer: int
    seconds: float
    bytes_down: int
    bad_pieces: int


def receivers(inventory: Inventory, statuses: Mapping[int, Mapping[str, Any]]) -> tuple[Receiver, ...]:
    """The peers that fetched a copy and have it, by their last statuses.

    One that had most of it before is left out: its seconds can't be compared with those of the others.
    """
    wanting = [peer.peer_id for peer in inventory.chosen_peers if not peer.seed]
    known = [(peer, statuses[peer]) for peer in wanting if statuses.get(peer, {}).get("completed")]
    known = [(peer, status) for peer, status in known if status["bytes_down"] > status["size"] // 2]
    return tuple(
        Receiver(peer, status["completed"] - status["started"], status["bytes_down"], status["bad_pieces"])
        for peer, status in known
    )


def slow_lines(inventory: Inventory, found: Sequence[Receiver]) -> tuple[str, ...]:
    """A line for each slow host, the slowest first: `node05: 60 s where others took 5 s: its rate is ...`."""
    if len(found) < _FEWEST:
        return ()
    usual = _middle([one.seconds for one in found])
    slow = [one for one in found if one.seconds > max(_TIMES * usual, usual + _SECONDS)]
    slow.sort(key=lambda one: -one.seconds)
    lines = [_line(inventory, one, found, usual) for one in slow]
    rest = len(lines) - MOST
    return (*lines[:MOST], f"and {rest} others") if rest > 0 else tuple(lines)


def _line(inventory: Inventory, one: Receiver, found: Sequence[Receiver], usual: float) -> str:
    name = inventory.host_of(one.peer).name
    return f"{name}: {one.seconds:.0f} s, where {usual:.0f} s are usual: {_reason(inventory, one, found)}"


def _reason(inventory: Inventory, one: Receiver, found: Sequence[Receiver]) -> str:
    declared = link_of(inventory, inventory.host_of(one.peer)).down
    others = [link_of(inventory, inventory.host_of(other.peer)).down for other in found if other is not one]
    if declared and all(other is None or other > declared for other in others):
        return f"its rate or cap in the inventory is {declared:g} Mbit/s"
    if one.bad_pieces:
        return f"{one.bad_pieces} pieces came with wrong bytes, and were fetched again"
    usual = _middle([other.bytes_down / max(other.seconds, 1e-3) for other in found])
    rate = one.bytes_down / max(one.seconds, 1e-3)
    return f"{format_rate(rate)} instead of {format_rate(usual)}"


def _middle(numbers: Sequence[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]

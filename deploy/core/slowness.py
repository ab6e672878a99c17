"""Which hosts got the payload slowly, compared with the others, and the known reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deploy.core.caps import link_of
from deploy.core.inventory import Inventory
from peer.core.counting import count_of
from peer.core.sizes import format_rate

_TIMES = 1.5  # times the median: a longer time is slow
_SECONDS = 2.0  # more than the median: a shorter delay isn't noticed
_MOST_OF = 0.5  # a cause explains at least this part of what a host took longer than the others
_FEWEST = 3  # peers that are enough for a comparison
MOST = 3  # lines


class Receiver(NamedTuple):
    """The time that one peer took for its copy, from its start to its last verified piece, and what held it up.

    `sources`: bytes by neighbour. The other numbers are seconds: see `Status`.
    """

    peer: int
    seconds: float
    bytes_down: int
    bad_pieces: int
    cpu: float = 0.0
    queue: float = 0.0
    disk: float = 0.0
    still: float = 0.0
    still_reason: str = ""
    sources: Mapping[int, int] = {}


def receivers(inventory: Inventory, statuses: Mapping[int, Mapping[str, Any]]) -> tuple[Receiver, ...]:
    """The peers that fetched a copy and have it, by their last statuses.

    One that had most of it before is left out: its seconds can't be compared with those of the others.
    """
    wanting = [peer.peer_id for peer in inventory.chosen_peers if not peer.seed]
    known = [(peer, statuses[peer]) for peer in wanting if statuses.get(peer, {}).get("completed")]
    return tuple(_receiver(peer, status) for peer, status in known if status["bytes_down"] > status["size"] // 2)


def _receiver(peer: int, status: Mapping[str, Any]) -> Receiver:
    return Receiver(
        peer,
        status["completed"] - status["started"],
        status["bytes_down"],
        status["bad_pieces"],
        status.get("cpu_seconds", 0.0),
        status.get("queue_seconds", 0.0),
        status.get("disk_seconds", 0.0),
        status.get("still_seconds", 0.0),
        status.get("still_reason", ""),
        {one["peer"]: one["bytes_down"] for one in status.get("neighbours", ())},
    )


def slow_lines(inventory: Inventory, found: Sequence[Receiver]) -> tuple[str, ...]:
    """A line for each slow host, the slowest first: `node05: 60 s, where 5 s are usual: its rate is ...`."""
    if len(found) < _FEWEST:
        return ()
    usual = _middle([one.seconds for one in found])
    slow = [one for one in found if one.seconds > max(_TIMES * usual, usual + _SECONDS)]
    slow.sort(key=lambda one: -one.seconds)
    lines = [_line(inventory, one, found, slow) for one in slow]
    rest = len(lines) - MOST
    return (*lines[:MOST], f"and {count_of(rest, 'other')}") if rest > 0 else tuple(lines)


def _line(inventory: Inventory, one: Receiver, found: Sequence[Receiver], slow: Sequence[Receiver]) -> str:
    name, usual = inventory.host_of(one.peer).name, _middle([other.seconds for other in found])
    others = [other for other in found if other is not one]
    reason = (
        _declared(inventory, one, others)
        or _by_its_host(one, others, one.seconds - usual)
        or _by_neighbours(inventory, one, slow)
        or _by_link(one, others)
    )
    return f"{name}: {one.seconds:.0f} s, where {usual:.0f} s are usual: {reason}"


def _declared(inventory: Inventory, one: Receiver, others: Sequence[Receiver]) -> str:
    """What the inventory tells beforehand, and what was wrong."""
    down = link_of(inventory, inventory.host_of(one.peer)).down
    usual = [link_of(inventory, inventory.host_of(other.peer)).down for other in others]
    if down and all(other is None or other > down for other in usual):
        return f"its link: the rate or cap in the inventory is {down:g} Mbit/s"
    if one.bad_pieces:
        return f"{count_of(one.bad_pieces, 'piece')} came with wrong bytes, and had to be fetched again"
    return ""


def _by_its_host(one: Receiver, others: Sequence[Receiver], longer: float) -> str:
    """What it spent the time on that it took `longer` than the others (seconds)."""
    causes = (
        (one.disk, [other.disk for other in others], "its disk: {:.0f} s of waiting for it to write"),
        (one.queue, [other.queue for other in others], "its CPU: {:.0f} s of waiting for its turn"),
        (one.cpu, [other.cpu for other in others], "its CPU: {:.0f} s of computing, where {:.0f} s are usual"),
        (one.still, [other.still for other in others], f"it stood still for {{:.0f}} s: {one.still_reason}"),
    )
    for spent, usually, words in causes:
        usual = _middle(usually)
        if spent - usual >= max(_MOST_OF * longer, 1.0):
            return words.format(spent, usual)
    return ""


def _by_neighbours(inventory: Inventory, one: Receiver, slow: Sequence[Receiver]) -> str:
    """The slow host that sent it most, and had its own copy sooner."""
    waited_for = {other.peer for other in slow if other.seconds < one.seconds}
    sent = {peer: count for peer, count in one.sources.items() if peer in waited_for}
    total = sum(one.sources.values())
    if not sent or sum(sent.values()) < _MOST_OF * total:
        return ""
    most = max(sent, key=lambda peer: sent[peer])
    return f"a neighbour: {inventory.host_of(most).name}, slow itself, sent it {100 * sent[most] // total} %"


def _by_link(one: Receiver, others: Sequence[Receiver]) -> str:
    """Nothing else is known to have held it up."""
    usual = _middle([other.bytes_down / max(other.seconds, 1e-3) for other in others])
    rate = one.bytes_down / max(one.seconds, 1e-3)
    link = "its link, for nothing else held it up: " if one.cpu else ""
    return f"{link}{format_rate(rate)} instead of {format_rate(usual)}"


def _middle(numbers: Sequence[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]

"""Classic peers' choices over time: whom each prefers, whom it unchokes by chance, and who unchokes it."""

from __future__ import annotations

from typing import Any

from deploy.core.runreport.recorded import Recorded
from peer.core import trace
from peer.core.trace import Note

PREFERRED, OPTIMISTIC, UNCHOKED = "preferred", "optimistic", "unchoked by"
MOST_PEERS = 60
MOST_BARS = 600  # of a peer
_KINDS = (
    trace.PREFERRED, trace.OPTIMISTIC, trace.CHOKE, trace.CHOKED, trace.UNCHOKED, trace.PARTED, trace.END,
)  # fmt: skip


def choices_of(recorded: Recorded) -> list[dict[str, Any]]:
    """For the page: of each peer its `bars` of [what, neighbour, begin, end]; nothing for a fleet."""
    if not recorded.classic:
        return []
    peers = [place.peer for place in recorded.places if place.peer in recorded.traces]
    return [{"peer": peer, "bars": _bars(recorded, peer)[:MOST_BARS]} for peer in peers[:MOST_PEERS]]


class _Open:
    """The choices that hold, and since when."""

    def __init__(self) -> None:
        self.since: dict[tuple[str, int], float] = {}
        self.bars: list[list[Any]] = []

    def set(self, what: str, others: "set[int]", when: float) -> None:
        """From now on exactly these."""
        for key in [key for key in self.since if key[0] == what and key[1] not in others]:
            self.end(*key, when)
        for other in others:
            self.since.setdefault((what, other), when)

    def end(self, what: str, other: int, when: float) -> None:
        begin = self.since.pop((what, other), None)
        if begin is not None and when > begin:
            self.bars.append([what, other, round(begin, 3), round(when, 3)])


def _bars(recorded: Recorded, peer: int) -> list[list[Any]]:
    held, end = _Open(), recorded.end
    for when, note in recorded.notes(peer, *_KINDS):
        if note.kind == trace.END:
            end = when
        else:
            _take(held, note, when)
    for key in list(held.since):
        held.end(*key, end)
    return sorted(held.bars, key=lambda bar: bar[2])


def _take(held: _Open, note: Note, when: float) -> None:
    kind, value = note.kind, note.values[0]
    if kind == trace.PREFERRED:
        held.set(PREFERRED, set(value), when)
    elif kind == trace.OPTIMISTIC:
        held.set(OPTIMISTIC, {value}, when)
    elif kind == trace.UNCHOKED:
        held.since.setdefault((UNCHOKED, value), when)
    elif kind == trace.CHOKED:
        held.end(UNCHOKED, value, when)
    elif kind == trace.CHOKE:  # a neighbour that is choked is neither
        held.end(PREFERRED, value, when)
        held.end(OPTIMISTIC, value, when)
    elif kind == trace.PARTED:
        for what in (PREFERRED, OPTIMISTIC, UNCHOKED):
            held.end(what, value, when)

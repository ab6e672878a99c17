"""A log's choices of neighbours to serve, each with what its peer knew then: who was interested, who was preferred."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Set

from tools.auditing.evidence import CONNECTIONS, Log
from tools.auditing.loglines import Line

MOMENT = 1  # seconds in which two threads of a peer may overtake each other


class Selection(NamedTuple):
    """One line about preferred neighbours, or about the optimistic one.

    `interested`: neighbour -> since when (None: unknown); `lately`: those whose interest ended just before.
    `current`: the preferred set before the line, None where an unlogged choice of nobody may have come after it.
    `same`: the line repeats the one of its kind before, and nothing explains it.
    """

    line: Line
    chosen: FrozenSet[int]
    interested: Mapping[int, Optional[int]]
    lately: FrozenSet[int]
    current: Optional[FrozenSet[int]]
    previous: Optional[Line]  # the preferred line that made `current`
    same: bool


class _Walk:
    """What is known on the way through a log."""

    def __init__(self) -> None:
        self.interested: Dict[int, Optional[int]] = {}
        self.ended: Dict[int, Optional[int]] = {}
        self.current: FrozenSet[int] = frozenset()
        self.preferred: Optional[Line] = None
        self.favourite: Optional[int] = None
        self.idle = True  # whether nobody was interested at some moment since the last preferred line
        self.away: Set[int] = set()  # lost interest, or connected again, since the last preferred line
        self.excused: Set[int] = set()  # the same since the last optimistic line, or was preferred

    def loses(self, peer: int, when: Optional[int]) -> None:
        self.interested.pop(peer, None)
        self.ended[peer] = when
        self.away.add(peer)
        self.excused.add(peer)
        self.idle = self.idle or not self.interested

    def selection(self, line: Line) -> Selection:
        chosen = frozenset(line.others if line.kind == "preferred" else (line.other or 0,))
        if line.kind == "preferred":
            same = self.preferred is not None and chosen == self.current and not (self.idle or chosen & self.away)
        else:
            same = self.favourite == line.other and line.other not in self.excused
        current = None if self.idle and self.preferred else self.current - self.away
        lately = frozenset(peer for peer, when in self.ended.items() if _close(when, line.seconds))
        return Selection(line, chosen, dict(self.interested), lately, current, self.preferred, same)

    def note(self, line: Line) -> None:
        if line.kind == "preferred":
            self.current, self.preferred = frozenset(line.others), line
            self.idle, self.away = not self.interested, set()
            self.excused |= self.current
        else:
            self.favourite = line.other
            self.excused = set(self.current)


def selections(log: Log) -> List[Selection]:
    """All choices in a log, in their order."""
    walk, found = _Walk(), []
    for line in log.lines:
        if line.kind in ("preferred", "optimistic"):
            found.append(walk.selection(line))
            walk.note(line)
        elif line.other is None:
            continue
        elif line.kind == "interested":
            walk.interested.setdefault(line.other, line.seconds)
        elif line.kind == "not interested" or line.kind in CONNECTIONS:
            walk.loses(line.other, line.seconds)
    return found


def _close(when: Optional[int], now: Optional[int]) -> bool:
    return when is None or now is None or now - when <= MOMENT

"""The rule about random pieces: a plain statistical test of the order in which pieces were asked for.

Each download is a draw among the pieces that its neighbour had and this peer lacked when it asked. A peer that works in
order takes nearly always the lowest or the highest of these, or the next after the last one; it skips only some that it
has asked other neighbours for. Random draws do that rarely, and `chance` bounds how rarely.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import Dict, List, NamedTuple, Optional, Tuple

from tools.auditing.evidence import CONNECTIONS, Evidence, Log
from tools.auditing.loglines import Line
from tools.auditing.rule import Finding, Seen, at, seen

LEAST_DRAWS = 40  # fewer prove nothing
CHOICES = 8  # times the number of neighbours: a draw among fewer pieces proves little
CHANCE = 1e-9  # that random draws of one peer are called anything else
SHARE = 0.6  # of the draws that must follow one pattern
BIAS = 2.0  # times the chance of even draws: a simple way to draw favours pieces that follow gaps

PATTERNS = ("the lowest piece first", "the highest piece first", "the next higher piece", "the next lower piece")


class Draw(NamedTuple):
    """One download: the chance that an even draw fits a pattern, and which of PATTERNS it fits."""

    line: Line
    even: float
    fits: Tuple[bool, ...]


def random_pieces(swarm: Evidence) -> Seen:
    """A peer asks for a random one of the pieces that the neighbour has and it lacks."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        drawn = draws(swarm, log)
        if len(drawn) < LEAST_DRAWS:
            continue
        judged += len(drawn)
        pattern = _pattern(drawn)
        if pattern is not None:
            hits = sum(draw.fits[pattern] for draw in drawn)
            line = next(draw.line for draw in drawn if draw.fits[pattern])
            share = f"{hits} of {len(drawn)} downloads take {PATTERNS[pattern]}, as here"
            even = sum(draw.even for draw in drawn)
            found.append(at(line, f"about {even:.0f} where the choice is random", share))
    why = f"no log has {LEAST_DRAWS} downloads with {CHOICES} pieces a neighbour to choose from"
    return seen(judged, found, why)


def _pattern(drawn: List[Draw]) -> Optional[int]:
    """The pattern that the draws follow, if random ones nearly never do."""
    mean = sum(min(1.0, BIAS * draw.even) for draw in drawn)
    for pattern in range(len(PATTERNS)):
        hits = sum(draw.fits[pattern] for draw in drawn)
        if hits > SHARE * len(drawn) and chance(hits, mean) < CHANCE / len(PATTERNS):
            return pattern
    return None


def chance(hits: int, mean: float) -> float:
    """A bound (Chernoff's) on the probability of so many hits in independent draws that have `mean` on average."""
    if hits <= mean:
        return 1.0
    return math.exp(hits - mean - hits * math.log(hits / mean)) if mean > 0 else 0.0


def draws(swarm: Evidence, log: Log) -> List[Draw]:
    """The downloads whose choice is known well enough to be judged."""
    walk = _Walk(swarm, log)
    return [] if log.seed else [draw for line in log.lines for draw in walk.take(line)]


class _Walk:
    """What the peer could choose from, on the way through its log. `_open`: neighbour -> candidates when it asked."""

    def __init__(self, swarm: Evidence, log: Log) -> None:
        self._log = log
        self._swarm = swarm
        self._near = max(1, len(swarm.rows) - 1)
        self._have: Dict[int, List[int]] = {}  # neighbour -> pieces it has and we lack, ascending
        self._asked: Dict[int, List[int]] = {}
        self._last: Dict[int, int] = {}  # neighbour -> the piece that it sent last
        self._got: "set[int]" = set()

    def take(self, line: Line) -> List[Draw]:
        """Note a line; a piece line may be a draw."""
        other = line.other if line.other is not None else -1
        if line.kind in CONNECTIONS:
            self._have[other] = self._announced(other)
        elif line.kind == "have" and line.piece is not None:
            self._add(self._have.setdefault(other, []), line.piece)
        elif line.kind == "unchoked":
            self._asked[other] = list(self._have.get(other, []))
        elif line.kind == "piece" and line.piece is not None:
            return self._draw(other, line.piece, line)
        return []

    def _announced(self, other: int) -> List[int]:
        """The bitfield, as far as it is known."""
        sender = self._swarm.logs.get(other)
        if any(row.peer_id == other and row.has_file for row in self._swarm.rows):
            return [piece for piece in range(self._log.total) if piece not in self._got]
        if sender is None or not sender.sound or not sender.meetings(self._log.me):
            return []
        return sorted(sender.had_at(sender.meetings(self._log.me)[-1].number) - self._got)

    def _add(self, pieces: List[int], piece: int) -> None:
        place = bisect_left(pieces, piece)
        if piece not in self._got and (place == len(pieces) or pieces[place] != piece):
            insort(pieces, piece)

    def _draw(self, other: int, piece: int, line: Line) -> List[Draw]:
        candidates = self._asked.get(other, [])
        found = self._judge(candidates, piece, self._last.get(other), line)
        self._got.add(piece)
        for pieces in self._have.values():
            place = bisect_left(pieces, piece)
            if place < len(pieces) and pieces[place] == piece:
                del pieces[place]
        self._asked[other] = list(self._have.get(other, []))  # it asks for the next one now
        self._last[other] = piece
        return found

    def _judge(self, candidates: List[int], piece: int, last: Optional[int], line: Line) -> List[Draw]:
        size, near = len(candidates), self._near
        place = bisect_left(candidates, piece)
        if size < CHOICES * near or place == size or candidates[place] != piece or last is None:
            return []
        above = (place - bisect_left(candidates, last)) % size  # candidates skipped since the last piece
        fits = (place < near, place >= size - near, above < near, above >= size - near)
        return [Draw(line, near / size, fits)]

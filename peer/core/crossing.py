"""What a peer may fetch from neighbours of other zones, so that a piece crosses into its zone once.

Each piece has a gate of the zone, which fetches it as soon as somebody outside has it and nobody inside. A zone with a
seed fetches nothing while it is far ahead of the others: the seed has it all, and time. Where the way out of such a
zone is scarce, each piece leaves it once, and the other zones pass it on to one another.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Dict, Iterable, Mapping, Optional

from peer.core import bits
from peer.core.gateturns import GateTurns
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.zones import Border

PAUSE = 2.0  # seconds without a piece of a share until the next gate's turn comes, at least
MANY_WAITS = 4.0  # times the usual wait, which a pause lasts where that is more
SCARCE = 1.5  # times the usual wait: what comes so late comes by a way that others wait for too
AHEAD = 2.0  # times as many pieces as any neighbour outside: then the ways between zones are what all wait for


class Crossing:
    """One peer's part. `borders`: its neighbours of other zones; `seeds`: the peers that began with the payload."""

    def __init__(
        self,
        borders: Mapping[int, Border],
        pieces: Pieces,
        neighbours: Mapping[int, Neighbour],
        seeds: Iterable[int],
    ) -> None:
        self._borders = borders
        self._pieces = pieces
        self._neighbours = neighbours
        self._seeds = frozenset(seeds)
        self._turns: Dict[int, GateTurns] = {border.depth: GateTurns(border.turns) for border in borders.values()}
        self._brought = 0  # the set of pieces that came from outside to us
        self._next = 0.0
        self._usual = 0.0  # seconds from a request to its piece
        self._waiting = 0  # the set of pieces that were outside alone at the last look
        self._is_helpless = False  # nobody passes on to us what our zone doesn't carry

    def allowed(self, neighbour: Neighbour) -> int:
        """The set of pieces that this neighbour may be asked for; what a seed offers, it offers to us alone."""
        border = self._borders.get(neighbour.peer)
        if border is None:
            return self._pieces.all
        mine = self._lacking(self._turns[border.depth].ours, border.depth)
        if mine and self._seed_has_time(border.depth):
            mine = 0
        if not self._is_helpless and self._is_late(neighbour):
            mine &= border.carried
        if neighbour.peer in self._seeds:
            mine |= neighbour.asking.offered if neighbour.complete else neighbour.pieces
        return mine

    def arrived(self, neighbour: Neighbour, index: int) -> None:
        """A piece came from this neighbour."""
        if neighbour.peer in self._borders:
            self._brought |= 1 << index

    def _is_late(self, neighbour: Neighbour) -> bool:
        """Whether what it sends comes late, as by a way that is scarce."""
        return neighbour.asking.wait > SCARCE * self._usual > 0

    def _lacking(self, pieces: int, depth: int) -> int:
        """Those of these pieces that nobody has inside, that is within the zone that a border of this depth is of."""
        lacking = pieces & self._pieces.rarity[0] & self._pieces.missing
        for peer, border in self._borders.items():
            if lacking and border.depth > depth and self._neighbours[peer].connected:
                lacking &= ~self._neighbours[peer].pieces
        return lacking

    def _seed_has_time(self, depth: int) -> bool:
        """Whether our zone is so far ahead of all others that its seed can give us what it gave to them before."""
        others = [neighbour for neighbour in connected(self._neighbours) if neighbour.peer in self._borders]
        farthest = max((bits.count(other.pieces) for other in others if other.peer not in self._seeds), default=0)
        inside = self._pieces.all & ~self._pieces.rarity[0]
        return bits.count(inside) > AHEAD * farthest and self._has_seed_inside(depth)

    def _has_seed_inside(self, depth: int) -> bool:
        """Whether we have a connection with a seed of our zone, or of one that shares more than `depth` parts."""
        for peer in self._seeds & self._neighbours.keys():
            border = self._borders.get(peer)
            if self._neighbours[peer].connected and (border is None or border.depth > depth):
                return True
        return False

    def look(self, usual: float, now: float) -> None:
        """Let the turns of gates pass that fetch nothing. `usual`: seconds from a request to its piece."""
        self._usual = usual
        if not self._borders or now < self._next:
            return
        self._next = now + max(PAUSE, MANY_WAITS * usual)
        outside = dict.fromkeys(self._turns, 0)
        for neighbour in connected(self._neighbours):
            if neighbour.peer in self._borders:
                outside[self._borders[neighbour.peer].depth] |= neighbour.pieces
        alone = {depth: self._lacking(pieces, depth) for depth, pieces in outside.items()}
        for depth, turns in self._turns.items():
            turns.pause(alone[depth], self._brought)
        now_alone = reduce(or_, alone.values())
        self._is_helpless |= 0 < self._waiting == self._waiting & now_alone
        self._waiting = now_alone


def crossing_of(setup: Setup, pieces: Pieces, neighbours: Mapping[int, Neighbour]) -> Optional[Crossing]:
    """A peer's part, None if it has none; notes at each neighbour whether it counts in the zone."""
    borders = setup.borders
    if not borders:
        return None
    for neighbour in neighbours.values():
        neighbour.apart = neighbour.peer in borders or neighbour.peer in setup.seeds
    return Crossing(borders, pieces, neighbours, setup.seeds)

"""What a peer may fetch from neighbours of other zones, so that a piece crosses into its zone once.

Each piece has a gate of the zone, which fetches it as soon as somebody outside has it and nobody inside. If the gate
doesn't, the next one's turn comes after a pause, until all have had theirs.
"""

from __future__ import annotations

from typing import Iterable, List, Mapping, Optional

from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.zones import Border

PAUSE = 2.0  # seconds from one gate's turn to the next, at least
MANY_WAITS = 8.0  # times the usual wait, which a pause lasts where that is more


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
        self._waited: List[int] = [pieces.all]  # by number of pauses: the pieces seen outside alone, all that time
        self._next = 0.0

    def allowed(self, neighbour: Neighbour) -> int:
        """The set of pieces that this neighbour may be asked for; what a seed offers, it offers to us alone."""
        border = self._borders.get(neighbour.peer)
        if border is None:
            return self._pieces.all
        mine = 0
        for share, waited in zip(border.turns, self._waited):
            mine |= share & waited
        mine &= self._pieces.rarity[0]
        for peer, other in self._borders.items():
            if mine and other.depth > border.depth and self._neighbours[peer].connected:
                mine &= ~self._neighbours[peer].pieces
        if neighbour.peer in self._seeds:
            mine |= neighbour.asking.offered if neighbour.complete else neighbour.pieces
        return mine

    def look(self, usual: float, now: float) -> None:
        """Let turns pass. `usual`: seconds from a request to its piece."""
        if not self._borders or now < self._next:
            return
        self._next = now + max(PAUSE, MANY_WAITS * usual)
        outside = 0
        for neighbour in connected(self._neighbours):
            if neighbour.peer in self._borders:
                outside |= neighbour.pieces
        outside &= self._pieces.rarity[0]
        longest = max(len(border.turns) for border in self._borders.values())
        self._waited = [self._pieces.all, *(waited & outside for waited in self._waited)][:longest]


def crossing_of(setup: Setup, pieces: Pieces, neighbours: Mapping[int, Neighbour]) -> Optional[Crossing]:
    """A peer's part, None if it has none; notes at each neighbour whether it counts in the zone."""
    borders = setup.borders
    if not borders:
        return None
    for neighbour in neighbours.values():
        neighbour.apart = neighbour.peer in borders or neighbour.peer in setup.seeds
    return Crossing(borders, pieces, neighbours, setup.seeds)

"""Whom to dial: the neighbours listed before us, at the start and again when a connection is lost."""

from __future__ import annotations

from typing import Iterable, List, Mapping, Set

from peer.core.events import Dial, Effect
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces

HASTY = 0.5  # seconds: a neighbour that hangs up sooner is dialled again with the next tick


class Dialling:
    """Decides when to dial. `earlier`: the peers listed before us; all others dial us."""

    def __init__(self, pieces: Pieces, neighbours: Mapping[int, Neighbour], earlier: Iterable[int]) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._earlier = frozenset(earlier)
        self._later: Set[int] = set()

    def start(self) -> List[Effect]:
        """Dial all that are ours to dial."""
        return [Dial(peer) for peer in self._neighbours if peer in self._earlier]

    def lost(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """A connection has ended."""
        done = self._pieces.complete and neighbour.complete
        if neighbour.peer not in self._earlier or neighbour.shut_out or done:
            return []
        if now - neighbour.since < HASTY:  # or we would dial at the pace at which it hangs up
            self._later.add(neighbour.peer)
            return []
        return [Dial(neighbour.peer)]

    def again(self) -> List[Effect]:
        """Dial those that hung up too soon and haven't come back."""
        again = [peer for peer in sorted(self._later) if not self._neighbours[peer].connected]
        self._later.clear()
        return [Dial(peer) for peer in again]

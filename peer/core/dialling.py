"""Which neighbours to dial: those listed before us, at the start and again when a connection is lost."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Set

from peer.core import habits
from peer.core.events import Connected, Dial, Effect, StopDialling
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces
from peer.core.tolerance import Tolerance

HASTY = 0.5  # seconds: a neighbour that hangs up sooner is dialled again after as long
DIAL_BACK = 3.0  # seconds that a classic neighbour listed after us has to dial again, before we do


class Dialling:
    """Decides when to dial. `earlier`: the peers listed before us; all others dial us."""

    def __init__(
        self,
        pieces: Pieces,
        neighbours: Mapping[int, Neighbour],
        earlier: Iterable[int],
        tolerance: Tolerance,
    ) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._earlier = frozenset(earlier)
        self._tolerance = tolerance
        self._later: Dict[int, Dial] = {}
        self._due: Dict[int, float] = {}  # of those in `_later`
        self._back: Set[int] = set()  # listed after us, and dialled by us all the same

    def start(self) -> List[Effect]:
        """Dial all neighbours that are listed before us."""
        return [Dial(peer) for peer in self._neighbours if peer in self._earlier]

    def lost(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """A connection has ended."""
        peer = neighbour.peer
        if neighbour.shut_out or (self._pieces.complete and neighbour.complete):
            return []
        if peer in self._earlier:
            if now - neighbour.since >= HASTY:
                return [Dial(peer)]
            # A pause, or we would dial at the pace at which it hangs up.
            self._later[peer], self._due[peer] = Dial(peer, hung_up=not neighbour.spoke), now + HASTY
        elif not neighbour.fleet:
            self._later[peer], self._due[peer] = Dial(peer), now + DIAL_BACK
        return []

    def met(self, event: Connected) -> List[Effect]:
        """There is a connection. If we dialled a neighbour that should have dialled us, that ends our dialling."""
        self._later.pop(event.peer, None)
        if event.peer not in self._back:
            return []
        self._back.remove(event.peer)
        return self._tolerance.note(event.peer, habits.DIALLED_BACK) if event.dialled else [StopDialling(event.peer)]

    def again(self, now: float) -> List[Effect]:
        """Dial the neighbours whose pause is over and that haven't connected again."""
        due = [self._later.pop(peer) for peer in sorted(self._later) if now >= self._due[peer]]
        self._back.update(dial.peer for dial in due if dial.peer not in self._earlier)
        return list(due)

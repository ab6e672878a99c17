"""Which neighbours to dial: those listed before us, and those listed after us that don't get through to us.

Who is listed later dials. A host that accepts nothing from outside is never reached so, and dials by itself after a
moment. If two connections come of it, the one that the rule asks for stays, on both sides. Who is relayed dials
all others, at once.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Set

from peer.core import habits
from peer.core.events import Connected, Dial, Effect, StopDialling
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.tolerance import Tolerance

HASTY = 0.5  # seconds: a neighbour that hangs up sooner is dialled again after as long
DIAL_BACK = 3.0  # seconds that a classic neighbour listed after us has to dial again, before we do
FIRST_BACK = 15.0  # the same at our start: it may be started later, by hand
FLEET_BACK, FLEET_AGAIN = 0.2, 1.0  # the same for fleet neighbours: at our start, and after a loss
BEAT, FLEET_BEAT = 2.0, 0.5  # seconds that one which answers gets to dial us first, before our handshake
RACE = 5.0  # seconds: a younger connection may have been made while the other side made one, too


class Dialling:
    """Decides when to dial. The peers listed before us wait for us; all others have their chance to dial us first."""

    def __init__(
        self,
        setup: Setup,
        pieces: Pieces,
        neighbours: Mapping[int, Neighbour],
        tolerance: Tolerance,
    ) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._mine = frozenset(setup.dialled)
        self._unreachable = frozenset(setup.unreachable)
        self._fleet = frozenset(setup.near) - frozenset(setup.classic) if setup.fleet else frozenset()
        self._tolerance = tolerance
        self._later: Dict[int, Dial] = {}
        self._due: Dict[int, float] = {}  # of those in `_later`
        self._back: Set[int] = set()  # not ours to dial, and dialled by us all the same
        self._dialling: Set[int] = set()
        self._as_ruled: Dict[int, bool] = {}  # of each connection: whether it was dialled by who is to dial it

    def start(self, now: float) -> List[Effect]:
        """Dial all neighbours that are ours to dial; the others have a moment to dial us."""
        for peer in self._neighbours:
            if peer not in self._mine:
                self._dial_back(peer, now + (FLEET_BACK if peer in self._fleet else FIRST_BACK))
        return self._begin([Dial(peer) for peer in self._neighbours if peer in self._mine])

    def lost(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """A connection has ended."""
        peer = neighbour.peer
        if neighbour.shut_out or (self._pieces.complete and neighbour.complete):
            return []
        if peer in self._mine:
            if now - neighbour.since >= HASTY:
                return self._begin([Dial(peer)])
            # A pause, or we would dial at the pace at which it hangs up.
            self._later[peer], self._due[peer] = Dial(peer, hung_up=not neighbour.spoke), now + HASTY
        else:
            self._dial_back(peer, now + (FLEET_AGAIN if neighbour.fleet else DIAL_BACK))
        return []

    def _dial_back(self, peer: int, due: float) -> None:
        if peer in self._unreachable:
            return
        beat = FLEET_BEAT if peer in self._fleet else BEAT
        self._later[peer], self._due[peer] = Dial(peer, beat=beat), due

    def keeps_old(self, peer: int, dialled: bool, now: float) -> bool:
        """Whether a new connection counts for nothing: both sides dialled, and the rule asks for the other one.

        Both see both connections, in any order, and come to the same. Later the newest counts: who dials again has
        lost the old one.
        """
        neighbour = self._neighbours.get(peer)
        if neighbour is None or not neighbour.connected or now - neighbour.since > RACE:
            return False
        return self._as_ruled.get(peer, False) and not self._is_as_ruled(peer, dialled)

    def _is_as_ruled(self, peer: int, dialled: bool) -> bool:
        return dialled == (peer in self._mine)

    def met(self, event: Connected) -> List[Effect]:
        """There is a connection, so nobody needs to be dialled. If we dialled one that should have, that is noted."""
        peer = event.peer
        self._later.pop(peer, None)
        self._as_ruled[peer] = self._is_as_ruled(peer, event.dialled)
        effects: List[Effect] = []
        if peer in self._dialling:
            self._dialling.remove(peer)
            if not event.dialled:
                effects.append(StopDialling(peer))
        if peer in self._back:
            self._back.remove(peer)
            if event.dialled and not event.fleet:
                effects += self._tolerance.note(peer, habits.DIALLED_BACK)
        return effects

    def again(self, now: float) -> List[Effect]:
        """Dial the neighbours whose pause is over and that haven't connected again."""
        due = [self._later.pop(peer) for peer in sorted(self._later) if now >= self._due[peer]]
        self._back.update(dial.peer for dial in due if dial.peer not in self._mine)
        return self._begin(due)

    def _begin(self, dials: Iterable[Dial]) -> List[Effect]:
        effects = list(dials)
        self._dialling.update(dial.peer for dial in effects)
        return [*effects]

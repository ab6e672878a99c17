"""What neighbours are told: of new pieces, of our interest in theirs, and that we go forward."""

from __future__ import annotations

from typing import Dict, Iterable, List

from peer.core import messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour
from peer.core.pieces import Pieces

FEW = 2  # neighbours known to have a piece, below which it is told of at once
PROGRESS_SECONDS = 10.0  # between two words to neighbours that we go forward, at most


class Teller:
    """Says each thing once to each neighbour that it concerns. `patience`: seconds after which a peer gives up."""

    def __init__(self, pieces: Pieces, neighbours: Dict[int, Neighbour], fleet: bool, patience: float) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._fleet = fleet
        self._pause = min(PROGRESS_SECONDS, patience / 4)
        self._told_progress = 0.0

    def begin(self, now: float) -> None:
        """The run begins: there is nothing to tell yet."""
        self._told_progress = now

    def announce(self, index: int) -> List[Effect]:
        """Tell of a new piece whom it concerns, and of our interest whom it changes.

        In the fleet, a piece that few have is news at once. Of others, each neighbour hears with the next tick, all in
        one bitfield: it has other sources, and most will have the piece by then.
        """
        effects: List[Effect] = []
        bit = 1 << index
        urgent = self._pieces.holders(index) < FEW
        complete, have = self._pieces.complete, Message(messages.HAVE, index)
        for neighbour in self._neighbours.values():
            if not neighbour.connected:
                continue
            if complete and neighbour.fleet:
                effects.append(Send(neighbour.peer, Message(messages.COMPLETE)))
            elif not neighbour.fleet or (urgent and not neighbour.pieces & bit):
                effects.append(Send(neighbour.peer, have))
            else:
                neighbour.untold |= not neighbour.pieces & bit
            if neighbour.we_want and neighbour.pieces & bit and (complete or not neighbour.fleet):
                effects += self.interest(neighbour)
        return effects

    def catch_up(self, neighbours: Iterable[Neighbour]) -> List[Effect]:
        """Tell what `announce` found not urgent."""
        untold = [neighbour for neighbour in neighbours if neighbour.untold and neighbour.fleet]
        for neighbour in untold:
            neighbour.untold = False
        return self._bitfields(untold)

    def progress(self, neighbours: Iterable[Neighbour], moved: float, now: float) -> List[Effect]:
        """While pieces come, tell fleet neighbours so: who has all is told of none of them, and would give up.

        `moved`: when a part of a piece last came.
        """
        told = self._told_progress
        if not self._fleet or self._pieces.complete or moved <= told or now < told + self._pause:
            return []
        self._told_progress = now
        return self._bitfields(neighbour for neighbour in neighbours if neighbour.fleet)

    def _bitfields(self, neighbours: Iterable[Neighbour]) -> List[Effect]:
        here = Message(messages.BITFIELD, self._pieces.here)
        return [Send(neighbour.peer, here) for neighbour in neighbours]

    def interest(self, neighbour: Neighbour, must_say: bool = False) -> List[Effect]:
        """Tell a neighbour whether it has what we lack, when that changed, or when its bitfield asks for an answer."""
        wants = bool(neighbour.pieces & self._pieces.missing)
        if neighbour.fleet and not wants and not self._pieces.complete and neighbour.told_interest:
            return []  # a fleet neighbour will soon have more for us: no flapping
        if wants == neighbour.we_want and (neighbour.told_interest or not must_say):
            return []
        neighbour.we_want = wants
        neighbour.told_interest = True
        kind = messages.INTERESTED if wants else messages.NOT_INTERESTED
        return [Send(neighbour.peer, Message(kind))]

"""Which piece to send next, to which neighbour: the queue of requests and the fleet's upload slots."""

from __future__ import annotations

from typing import Dict, List, Optional

from peer.core import messages
from peer.core.events import Effect, Send, SendPiece
from peer.core.holding import Holding
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, Serving
from peer.core.smoothing import smooth

MOST_QUEUED = 64  # requests that a fleet neighbour may have waiting
LATE = 4.0  # times the usual: if a piece takes longer to send, its neighbour is slow
LEAST_LATE = 0.05  # seconds


class Uploader:
    """Serves requests. `slots`: pieces being sent simultaneously, over all neighbours; None: no limit (classic).

    Few at a time, because a complete piece can be passed on, and several halves can't. A neighbour that takes far
    longer than the others for its piece keeps no slot from them.
    """

    def __init__(self, slots: Optional[int], holding: Holding) -> None:
        self._slots = slots
        self._holding = holding
        self._sending: Dict[int, int] = {}  # neighbour -> the piece that it is being sent
        self._began: Dict[int, float] = {}  # neighbours that are being sent a piece, since when
        self._usual = 0.0  # seconds that a piece takes to send, smoothed
        self._copies: Dict[int, int] = {}  # piece -> how often it was sent

    @property
    def share(self) -> int:
        """The set of the pieces that we, a seed, send before other seeds do."""
        return self._holding.share

    def begin(self, neighbour: Neighbour, now: float) -> None:
        """A connection begins: nothing is granted."""
        neighbour.serving = Serving(now)

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended: nothing is sent on it any more."""
        self._began.pop(neighbour.peer, None)
        self._sending.pop(neighbour.peer, None)
        self._holding.lost(neighbour)
        neighbour.serving = Serving()

    def set_choke(self, neighbour: Neighbour, choke: bool) -> List[Effect]:
        """Choke or unchoke a neighbour, and tell it if that is a change."""
        serving = neighbour.serving
        if serving.we_choke == choke:
            return []
        serving.we_choke = choke
        if choke:
            serving.queue.clear()
        return [Send(neighbour.peer, Message(messages.CHOKE if choke else messages.UNCHOKE))]

    def accept(self, neighbour: Neighbour, index: int, now: float, blocks: int = 0) -> bool:
        """Queue a request; False if the neighbour has too many open. Asked for twice, a piece is sent once.

        `blocks`: the set of the blocks that it asks for, 0 for all.
        """
        serving = neighbour.serving
        if len(serving.queue) + serving.unsent >= MOST_QUEUED:
            return False
        serving.asked = now
        serving.queue[index] = blocks
        self._holding.asked(neighbour, index, now)
        return True

    def cancel(self, neighbour: Neighbour, index: int) -> None:
        """The neighbour cancels a request; a piece that the writer already has is sent."""
        neighbour.serving.queue.pop(index, None)

    def serve(self, neighbours: Dict[int, Neighbour], now: float) -> List[Effect]:
        """Hand queued requests to the writers: all, or one for each free slot, the least often sent piece first.

        Who asks from another zone asks for all of its zone, and so comes before ours.
        """
        effects: List[Effect] = []
        if self._slots is None:
            for neighbour in neighbours.values():
                effects += [self._start(neighbour, index, now) for index in list(neighbour.serving.queue)]
            return effects
        self._holding.look(neighbours, now)
        while self._busy(now) < self._slots:
            choices = [
                (not neighbour.apart, self._copies.get(index, 0), neighbour.serving.served, neighbour.peer, index)
                for neighbour in neighbours.values()
                if neighbour.serving.queue and neighbour.peer not in self._began
                for index in neighbour.serving.queue
                if not self._holding.waits(neighbour, index, now)
            ]
            if not choices:
                break
            *_, peer, index = min(choices)
            effects.append(self._start(neighbours[peer], index, now))
        return effects

    def sent(self, neighbour: Neighbour, now: float) -> None:
        """A piece has gone out: its slot is free."""
        neighbour.serving.unsent -= 1
        began = self._began.pop(neighbour.peer, None)
        if began is not None:
            self._usual = smooth(self._usual, now - began)
        self._holding.sent(neighbour, self._sending.pop(neighbour.peer, -1), now)

    def news(self, neighbour: Neighbour, gained: int, now: float) -> None:
        """A neighbour announces what it has: `gained` (a set) is new, or it shows that it goes forward."""
        self._holding.news(neighbour, gained, now)

    def busy_with(self, neighbour: Neighbour) -> bool:
        """Whether it is being sent a piece, or waits for one."""
        return bool(neighbour.serving.queue) or neighbour.peer in self._began

    def _busy(self, now: float) -> int:
        """Slots in use."""
        limit = max(LEAST_LATE, LATE * self._usual)
        return sum(1 for began in self._began.values() if now - began < limit)

    def _start(self, neighbour: Neighbour, index: int, now: float) -> Effect:
        serving = neighbour.serving
        blocks = serving.queue.pop(index)
        self._holding.begin(neighbour, index, now)
        serving.served += 1
        serving.unsent += 1
        self._copies[index] = self._copies.get(index, 0) + 1
        self._began[neighbour.peer] = now
        self._sending[neighbour.peer] = index
        return SendPiece(neighbour.peer, index, blocks)

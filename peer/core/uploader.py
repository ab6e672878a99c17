"""Which piece to send next, to whom: the queue of requests and the fleet's upload slots."""

from __future__ import annotations

from typing import Dict, List, Optional

from peer.core.events import Effect, SendPiece
from peer.core.neighbour import Neighbour

LATE = 4.0  # times the usual: a piece that takes longer to send has come to a slow neighbour
LEAST_LATE = 0.05  # seconds


class Uploader:
    """Serves requests. `slots`: pieces in sending at the same time, over all neighbours; None: no limit (classic).

    Few at a time, because a piece that arrives whole can be passed on, and four halves can't. A neighbour that takes
    far longer than the others for its piece keeps no slot from them.
    """

    def __init__(self, slots: Optional[int]) -> None:
        self._slots = slots
        self._began: Dict[int, float] = {}  # neighbours that are being sent a piece, since when
        self._usual = 0.0  # seconds that a piece takes to send, smoothed
        self._copies: Dict[int, int] = {}  # piece -> how often it was sent

    def serve(self, neighbours: Dict[int, Neighbour], now: float) -> List[Effect]:
        """Hand queued requests to the writers: to a classic neighbour at once, to others the least sent piece first."""
        effects: List[Effect] = []
        if self._slots is None:
            for neighbour in neighbours.values():
                effects += [self._start(neighbour, index, now) for index in list(neighbour.queue)]
            return effects
        while self._busy(now) < self._slots:
            waiting = (n for n in neighbours.values() if n.queue and n.peer not in self._began)
            choices = [(self._copies.get(index, 0), n.served, n.peer, index) for n in waiting for index in n.queue]
            if not choices:
                break
            _, _, peer, index = min(choices)
            effects.append(self._start(neighbours[peer], index, now))
        return effects

    def sent(self, neighbour: Neighbour, now: float) -> None:
        """A piece has gone out: its slot is free."""
        neighbour.unsent -= 1
        began = self._began.pop(neighbour.peer, None)
        if began is not None:
            self._usual = _smooth(self._usual, now - began)

    def forget(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: nothing is sent to it any more."""
        self._began.pop(neighbour.peer, None)
        neighbour.queue.clear()

    def busy_with(self, neighbour: Neighbour) -> bool:
        """Whether it is being sent a piece, or waits for one."""
        return bool(neighbour.queue) or neighbour.peer in self._began

    def _busy(self, now: float) -> int:
        """Slots in use."""
        limit = max(LEAST_LATE, LATE * self._usual)
        return sum(1 for began in self._began.values() if now - began < limit)

    def _start(self, neighbour: Neighbour, index: int, now: float) -> Effect:
        neighbour.queue.remove(index)
        neighbour.served += 1
        neighbour.unsent += 1
        self._copies[index] = self._copies.get(index, 0) + 1
        self._began[neighbour.peer] = now
        return SendPiece(neighbour.peer, index)


def _smooth(old: float, new: float) -> float:
    return 0.75 * old + 0.25 * new if old else new

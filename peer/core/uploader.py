"""Which piece to send next, to which neighbour: the queue of requests and the fleet's upload slots."""

from __future__ import annotations

from typing import Dict, List, Optional

from peer.core import bits, messages
from peer.core.events import Effect, Send, SendPiece
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, Serving
from peer.core.smoothing import smooth
from peer.core.tuples import NamedTuple

MOST_QUEUED = 64  # requests that a fleet neighbour may have waiting
LATE = 4.0  # times the usual: if a piece takes longer to send, its neighbour is slow
LEAST_LATE = 0.05  # seconds
HOLD = 0.5  # seconds that a seed's piece has to reach others from the neighbour that was sent it
HOLDING = 1.0  # seconds from its first piece on in which a seed holds any: a longer transfer has a first round for that
# The same of a new version: most of it is on the hosts, and all ask for the rest at once. Bytes count more than that
# the seed's link idles meanwhile; it is counted from the first copy of each piece on.
VERSION_HOLD = 3.0
VERSION_HOLDING = 4.0


class Last(NamedTuple):
    """To which neighbour a piece was sent last, and until when others wait for it."""

    peer: int
    until: float


class Uploader:
    """Serves requests. `slots`: pieces being sent simultaneously, over all neighbours; None: no limit (classic).

    `seeds`: how many began with the payload, if we are one of them, else 0. A seed's link is the scarce one, and of a
    small new version everybody asks for all at once: so a fleet neighbour waits for a piece that has just been sent to
    another one, from which it may come sooner.

    Few at a time, because a complete piece can be passed on, and several halves can't. A neighbour that takes far
    longer than the others for its piece keeps no slot from them.
    """

    def __init__(self, slots: Optional[int], seeds: int = 0) -> None:
        self._slots = slots
        self._sending: Dict[int, int] = {}  # neighbour -> the piece that it is being sent
        self._last: Dict[int, Last] = {}  # by piece
        self._seeds = seeds
        self._holds_until: Optional[float] = None if seeds else 0.0
        self._began: Dict[int, float] = {}  # neighbours that are being sent a piece, since when
        self._usual = 0.0  # seconds that a piece takes to send, smoothed
        self._copies: Dict[int, int] = {}  # piece -> how often it was sent

    def begin(self, neighbour: Neighbour, now: float) -> None:
        """A connection begins: nothing is granted."""
        neighbour.serving = Serving(now)

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended: nothing is sent on it any more."""
        self._began.pop(neighbour.peer, None)
        self._last.pop(self._sending.pop(neighbour.peer, -1), None)
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
        while self._busy(now) < self._slots:
            choices = [
                (not neighbour.apart, self._copies.get(index, 0), neighbour.serving.served, neighbour.peer, index)
                for neighbour in neighbours.values()
                if neighbour.serving.queue and neighbour.peer not in self._began
                for index in neighbour.serving.queue
                if not self._waits(neighbour, index, now)
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
        piece = self._sending.pop(neighbour.peer, -1)
        self._note_last(neighbour, piece, now)

    def busy_with(self, neighbour: Neighbour) -> bool:
        """Whether it is being sent a piece, or waits for one."""
        return bool(neighbour.serving.queue) or neighbour.peer in self._began

    def _busy(self, now: float) -> int:
        """Slots in use."""
        limit = max(LEAST_LATE, LATE * self._usual)
        return sum(1 for began in self._began.values() if now - began < limit)

    def _waits(self, neighbour: Neighbour, index: int, now: float) -> bool:
        """Whether a neighbour may soon have the piece from another one."""
        last = self._last.get(index) if self._holds(now) else None
        return bool(last and neighbour.fleet and last.peer != neighbour.peer and now < last.until)

    def _has_older_version(self, neighbour: Neighbour) -> bool:
        """Whether a neighbour has more pieces than the seeds, each of which sends its share, have sent to anybody."""
        return bits.count(neighbour.pieces) > self._seeds * len(self._copies)

    def _note_last(self, neighbour: Neighbour, index: int, now: float) -> None:
        """A classic neighbour, which chokes and answers one request at a time, may keep a piece for long."""
        if neighbour.fleet and self._holds(now):
            self._last[index] = Last(
                neighbour.peer, now + (VERSION_HOLD if self._has_older_version(neighbour) else HOLD)
            )

    def _holds(self, now: float) -> bool:
        return self._holds_until is None or now < self._holds_until

    def _start(self, neighbour: Neighbour, index: int, now: float) -> Effect:
        serving = neighbour.serving
        blocks = serving.queue.pop(index)
        is_first = self._seeds and index not in self._copies
        if is_first and self._has_older_version(neighbour):
            self._holds_until = now + VERSION_HOLDING
        elif self._holds_until is None:
            self._holds_until = now + HOLDING
        serving.served += 1
        serving.unsent += 1
        self._copies[index] = self._copies.get(index, 0) + 1
        self._began[neighbour.peer] = now
        self._sending[neighbour.peer] = index
        self._note_last(neighbour, index, now)
        return SendPiece(neighbour.peer, index, blocks)

"""Which piece to send next, to whom: the queue of requests, the fleet's upload slots, and a seed's order of offers."""

from __future__ import annotations

from random import Random
from typing import Dict, List, Optional

from peer.core import bits, messages
from peer.core.events import Effect, Send, SendPiece
from peer.core.messages import Message
from peer.core.neighbour import Neighbour


class Uploader:
    """Serves requests. `slots`: pieces in sending at the same time, over all neighbours; None: no limit (classic).

    Few at a time, because a piece that arrives whole can be passed on, and four halves can't.
    """

    def __init__(self, slots: Optional[int]) -> None:
        self._slots = slots
        self._sending = 0
        self._turn: Dict[int, int] = {}  # neighbour -> when it was served last, in serves
        self._serves = 0

    def serve(self, neighbours: Dict[int, Neighbour]) -> List[Effect]:
        """Hand queued requests to the writers, least lately served neighbour first, one at a time to each."""
        effects: List[Effect] = []
        while self._slots is None or self._sending < self._slots:
            waiting = [n for n in neighbours.values() if n.queue and (self._slots is None or not n.sending)]
            if not waiting:
                break
            neighbour = min(waiting, key=lambda n: self._turn.get(n.peer, 0))
            effects.append(self._start(neighbour, neighbour.queue.pop(0)))
        return effects

    def sent(self, neighbour: Neighbour) -> None:
        """A piece has gone out: its slot is free."""
        if neighbour.sending:
            neighbour.sending -= 1
            self._sending -= 1

    def forget(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: nothing is sent to it any more."""
        self._sending -= neighbour.sending
        neighbour.sending = 0
        neighbour.queue.clear()

    def _start(self, neighbour: Neighbour, index: int) -> Effect:
        self._serves += 1
        self._turn[neighbour.peer] = self._serves
        neighbour.sending += 1
        self._sending += 1
        return SendPiece(neighbour.peer, index)


class Offers:
    """A seed's order: every piece goes out once before any goes out twice.

    Until then fleet neighbours see only what is offered to each of them, a few pieces ahead of what they have been
    sent; who is fast gets more (an order with a small credit, never a gate). Several seeds begin with their own share.
    """

    def __init__(self, total: int, share: int, shares: int, credit: int, rng: Random) -> None:
        order = [index for index in range(total) if index % shares == share]
        rng.shuffle(order)
        self._waiting = order
        self._credit = credit

    @property
    def open(self) -> bool:
        """Whether there are pieces that nobody was offered yet."""
        return bool(self._waiting)

    def offer(self, neighbour: Neighbour, unseen: int) -> List[Effect]:
        """Tell a neighbour of as many new pieces as its credit allows; `unseen`: those that no neighbour has."""
        effects: List[Effect] = []
        while self._waiting and bits.count(neighbour.offered) < self._credit:
            index = self._waiting.pop()
            if unseen >> index & 1:
                neighbour.offered |= 1 << index
                effects.append(Send(neighbour.peer, Message(messages.HAVE, index)))
        return effects

    def take_back(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: what it was offered and not sent goes to others."""
        self._waiting += list(bits.indices(neighbour.offered))
        neighbour.offered = 0

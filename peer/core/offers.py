"""A seed's order of offers: every piece goes out once before any goes out twice."""

from __future__ import annotations

from random import Random
from typing import Iterable, List

from peer.core import bits, messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour

CREDIT = 3  # pieces offered ahead, a neighbour
PATIENCE = 5.0  # seconds that a neighbour may leave its offers unasked for before others are offered in their place


class Offers:
    """The first round of a seed.

    Until it is over fleet neighbours see only what is offered to each of them, a few pieces ahead of what they have
    been sent; who is fast gets more (an order with a small credit, never a gate). `share` of `shares`: several seeds
    begin with their own pieces.
    """

    def __init__(self, total: int, share: int, shares: int, rng: Random) -> None:
        order = [index for index in range(total) if index % shares == share]
        rng.shuffle(order)
        self._waiting = order

    @property
    def open(self) -> bool:
        """Whether there are pieces that nobody was offered yet."""
        return bool(self._waiting)

    def offer(self, neighbour: Neighbour, unseen: int) -> List[Effect]:
        """Tell a neighbour of as many new pieces as its credit allows; `unseen`: those that no neighbour has."""
        effects: List[Effect] = []
        while self._waiting and bits.count(neighbour.offered) < CREDIT:
            index = self._waiting.pop()
            if unseen >> index & 1:
                neighbour.offered |= 1 << index
                effects.append(Send(neighbour.peer, Message(messages.HAVE, index)))
        return effects

    def take_back(self, neighbour: Neighbour) -> None:
        """A neighbour is gone: what it was offered and not sent goes to others."""
        self._waiting += list(bits.indices(neighbour.offered))
        neighbour.offered = 0

    def renew(self, neighbour: Neighbour, unseen: int, busy: bool, now: float) -> List[Effect]:
        """Offers that came to nothing make room for others: the neighbour has the piece already, or never asks.

        `busy`: it waits for what it asked for.
        """
        neighbour.offered &= ~neighbour.pieces
        if now - neighbour.asked > PATIENCE and not busy:
            neighbour.offered = 0
        return self.offer(neighbour, unseen)


def reveal(neighbours: Iterable[Neighbour]) -> List[Effect]:
    """The round is over: from now on we are a neighbour that has it all, the last to be asked."""
    shown = [neighbour for neighbour in neighbours if neighbour.hidden]
    for neighbour in shown:
        neighbour.hidden = False
    return [Send(neighbour.peer, Message(messages.COMPLETE)) for neighbour in shown]

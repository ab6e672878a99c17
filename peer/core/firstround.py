"""A seed's first round: every piece goes out once before any goes out twice."""

from __future__ import annotations

from random import Random
from typing import Dict, List, Mapping, Set, Union

from peer.core import bits, messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.uploader import Uploader

CREDIT = 3  # pieces offered ahead to each neighbour
PATIENCE = 5.0  # seconds in which a neighbour may ask for its offers before others take their place


class FirstRound:
    """Which of a seed's pieces are offered to which neighbour. Each of several seeds begins with its own share.

    Until the round is over fleet neighbours see only what is offered to each of them, a few pieces ahead of what they
    have been sent. A fast neighbour gets more: this is an order with a small credit, never a gate.
    """

    def __init__(
        self, setup: Setup, pieces: Pieces, neighbours: Mapping[int, Neighbour], uploader: Uploader, rng: Random
    ) -> None:
        self._seeds = setup.seeds
        self._pieces = pieces
        self._neighbours = neighbours
        self._uploader = uploader
        self._waiting = list(bits.indices(uploader.share))
        rng.shuffle(self._waiting)
        self._gifts = setup.gifts
        self.hidden: Set[int] = set()  # neighbours that see offers only
        self._offered: Dict[int, int] = {}  # by neighbour: the set offered to it and, while it is hidden, not sent yet

    def takes(self, neighbour: Neighbour) -> bool:
        """A connection begins: whether the neighbour is to see only offers, instead of all our pieces."""
        if not (neighbour.fleet and self._waiting and neighbour.peer not in self._seeds):
            return False
        self.hidden.add(neighbour.peer)
        return True

    def offer(self, neighbour: Neighbour) -> List[Effect]:
        """Offer as many new pieces as its credit allows to a neighbour that sees only offers."""
        effects: List[Effect] = []
        if neighbour.peer not in self.hidden:
            return effects
        unseen = self._unseen()
        offered = self._offered.get(neighbour.peer, 0)
        while self._waiting and bits.count(offered) < CREDIT:
            index = self._next_for(neighbour)
            if unseen >> index & 1:
                offered |= 1 << index
                effects.append(Send(neighbour.peer, Message(messages.HAVE, index)))
        self._offered[neighbour.peer] = offered
        return effects

    def _unseen(self) -> int:
        """The set of the pieces that no neighbour has yet but other seeds, which have them all."""
        if len(self._seeds) == 1:
            return self._pieces.rarity[0]
        seen = 0
        for neighbour in connected(self._neighbours):
            if neighbour.peer not in self._seeds:
                seen |= neighbour.pieces
        return self._pieces.all & ~seen

    def _next_for(self, neighbour: Neighbour) -> int:
        """The next piece to offer; one that is meant for this neighbour, if there is one left."""
        gift = self._gifts.get(neighbour.peer, 0)
        if not gift:  # as for most; to look through all that wait would take the square of the pieces
            return self._waiting.pop()
        at = next((at for at in range(len(self._waiting) - 1, -1, -1) if gift >> self._waiting[at] & 1), -1)
        return self._waiting.pop(at)

    def sent(self, neighbour: Neighbour, index: int) -> List[Effect]:
        """A piece has gone out: there is credit for another one."""
        if neighbour.peer not in self.hidden:
            return []
        self._offered[neighbour.peer] &= ~(1 << index)
        return self.offer(neighbour) + self._reveal_if_out()

    def renew(self, now: float) -> List[Effect]:
        """Replace offers that were not taken: the neighbour has the piece already, or never asks."""
        effects: List[Effect] = []
        for neighbour in self._hidden_from():
            self._offered[neighbour.peer] &= ~neighbour.pieces
            if now - neighbour.serving.asked > PATIENCE and not self._uploader.busy_with(neighbour):
                self._offered[neighbour.peer] = 0
            effects += self.offer(neighbour)
        return effects + self._reveal_if_out()

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended: pieces offered on it and not sent are offered to others."""
        self.hidden.discard(neighbour.peer)
        self._waiting += bits.indices(self._offered.pop(neighbour.peer, 0))

    def _reveal_if_out(self) -> List[Effect]:
        return [] if self._waiting else self.reveal()

    def reveal(self) -> List[Effect]:
        """The round is over: from now on we are a neighbour that has every piece, the last to be asked."""
        shown = self._hidden_from()
        self.hidden.clear()
        return [Send(neighbour.peer, Message(messages.COMPLETE)) for neighbour in shown]

    def _hidden_from(self) -> List[Neighbour]:
        return [neighbour for neighbour in self._neighbours.values() if neighbour.peer in self.hidden]


class NoRound:
    """The same interface for a peer that announces all its pieces from the start."""

    def takes(self, neighbour: Neighbour) -> bool:
        """No neighbour sees offers only."""
        return False

    def offer(self, neighbour: Neighbour) -> List[Effect]:
        """Nothing is offered."""
        return []

    def sent(self, neighbour: Neighbour, index: int) -> List[Effect]:
        """Nothing was offered."""
        return []

    def renew(self, now: float) -> List[Effect]:
        """Nothing was offered."""
        return []

    def end(self, neighbour: Neighbour) -> None:
        """Nothing was offered."""

    def reveal(self) -> List[Effect]:
        """Nothing is hidden."""
        return []


def first_round(
    setup: Setup, pieces: Pieces, neighbours: Mapping[int, Neighbour], uploader: Uploader, rng: Random
) -> Union[FirstRound, NoRound]:
    """A fleet's seed that has every piece begins with a first round; no other peer has one."""
    if setup.fleet and setup.me in setup.seeds and pieces.complete:
        return FirstRound(setup, pieces, neighbours, uploader, rng)
    return NoRound()

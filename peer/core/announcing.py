"""What we announce to neighbours: new pieces, our interest in their pieces, and that we make progress."""

from __future__ import annotations

from typing import Collection, Iterable, List, Mapping

from peer.core import bits, messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.news import ClassicNews, FleetNews, NewPiece
from peer.core.pieces import Pieces

FEW = 2  # neighbours known to have a piece, below which it is urgent news
PROGRESS_SECONDS = 10.0  # at most, between two messages that show our progress
SEED_SECONDS = 1.0  # of a new version, between two messages that tell a seed what came, or was on the disk ...
FIRST_SEED_SECONDS = 0.1  # ... and between the first two, then twice as long each time: it is to know that it is one


class Announcer:
    """Announces each thing to each neighbour once. `seeds`: the peers listed with the file; `patience`: in seconds."""

    def __init__(
        self, pieces: Pieces, neighbours: Mapping[int, Neighbour], seeds: Collection[int], patience: float
    ) -> None:
        self._pieces = pieces
        self._seeds = frozenset(seeds)
        self._neighbours = neighbours
        self._pause = min(PROGRESS_SECONDS, patience / 4)
        self._seed_pause = min(FIRST_SEED_SECONDS, self._pause)
        self._told_progress = 0.0
        self._told_seeds = -SEED_SECONDS  # at once, the first time

    def start(self, now: float) -> None:
        """The run begins: there is nothing to announce yet."""
        self._told_progress = now

    def begin(self, neighbour: Neighbour, now: float) -> None:
        """A connection begins: the neighbour knows nothing."""
        neighbour.news = FleetNews() if neighbour.fleet else ClassicNews()

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended: the neighbour will know nothing."""
        self.begin(neighbour, 0.0)

    def introduce(self, neighbour: Neighbour, shown: int) -> List[Effect]:
        """The first message of a connection. `shown`: the set to announce.

        Some classic peers read a bitfield with the low bit first. The pieces that these would misread are announced
        one by one.
        """
        plain = neighbour.fleet or neighbour.peer in self._seeds  # one that has the file asks for nothing
        alike = shown if plain else bits.alike(shown, self._pieces.total)
        effects: List[Effect] = [Send(neighbour.peer, Message(messages.BITFIELD, alike))]
        return effects + [Send(neighbour.peer, Message(messages.HAVE, index)) for index in bits.indices(shown ^ alike)]

    def announce(self, index: int) -> List[Effect]:
        """Announce a new piece to the neighbours that lack it, and our interest to those for which it changes."""
        effects: List[Effect] = []
        bit, complete = 1 << index, self._pieces.complete
        piece = NewPiece(bit, Message(messages.HAVE, index), self._pieces.holders(index) < FEW, complete)
        for neighbour in self._neighbours.values():
            if not neighbour.connected:
                continue
            news = neighbour.news
            message = news.of_piece(piece, neighbour.pieces)
            if message:
                effects.append(Send(neighbour.peer, message))
            if news.we_want and neighbour.pieces & bit and news.loses_interest(complete):
                effects += self.interest(neighbour)
        return effects

    def announce_found(self, pieces: int) -> List[Effect]:
        """Announce `pieces` (a set) that were on the disk, and our interest to those for which it changes."""
        effects: List[Effect] = []
        complete = self._pieces.complete
        for neighbour in connected(self._neighbours):
            news = neighbour.news
            effects += [Send(neighbour.peer, one) for one in news.of_found(pieces, neighbour.pieces, complete)]
            if news.we_want and neighbour.pieces & pieces and news.loses_interest(complete):
                effects += self.interest(neighbour)
        return effects

    def catch_up(self, moved: float, is_version: bool, now: float) -> List[Effect]:
        """Announce the pieces that weren't urgent, and show that pieces arrive.

        `moved`: when a part of a piece last came. `is_version`: some pieces were on the disk; then a seed hears of all
        that once a second, at first sooner. It asks for nothing, and its acknowledgements take room on the link that
        all wait for; but it sends a piece again if nobody seems to pass it on.
        """
        return self._untold(is_version, now) + self._progress(moved, is_version, now)

    def _untold(self, is_version: bool, now: float) -> List[Effect]:
        seeds_wait = is_version and now < self._told_seeds + self._seed_pause
        untold = [
            neighbour
            for neighbour in connected(self._neighbours)
            if neighbour.news.untold and not (seeds_wait and neighbour.peer in self._seeds)
        ]
        for neighbour in untold:
            neighbour.news.untold = False
        if any(neighbour.peer in self._seeds for neighbour in untold):
            self._note_told_seeds(now)
        return self._bitfields(untold)

    def _note_told_seeds(self, now: float) -> None:
        self._told_seeds = now
        self._seed_pause = min(2 * self._seed_pause, SEED_SECONDS, self._pause)

    def _progress(self, moved: float, is_version: bool, now: float) -> List[Effect]:
        """One that has every piece gets no haves from us, and would give up."""
        if self._pieces.complete:
            return []
        everybody = self._may_tell(moved, self._told_progress, self._pause, now)
        if everybody:
            self._told_progress = now
        seeds = everybody or (is_version and self._may_tell(moved, self._told_seeds, self._seed_pause, now))
        if seeds:
            self._note_told_seeds(now)
        return self._bitfields(
            neighbour
            for neighbour in connected(self._neighbours)
            if neighbour.news.progress and (seeds if neighbour.peer in self._seeds else everybody)
        )

    @staticmethod
    def _may_tell(moved: float, told: float, pause: float, now: float) -> bool:
        return moved > told and now >= told + pause

    def _bitfields(self, neighbours: Iterable[Neighbour]) -> List[Effect]:
        here = Message(messages.BITFIELD, self._pieces.here)
        return [Send(neighbour.peer, here) for neighbour in neighbours]

    def interest(self, neighbour: Neighbour, must_answer: bool = False) -> List[Effect]:
        """Tell a neighbour whether it has pieces that we lack, if that changed or its bitfield requires an answer."""
        news = neighbour.news
        wants = bool(neighbour.pieces & self._pieces.missing)
        if not wants and news.told_interest and not news.loses_interest(self._pieces.complete):
            return []
        if wants == news.we_want and (news.told_interest or not must_answer):
            return []
        news.we_want = wants
        news.told_interest = True
        kind = messages.INTERESTED if wants else messages.NOT_INTERESTED
        return [Send(neighbour.peer, Message(kind))]

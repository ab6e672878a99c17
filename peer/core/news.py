"""What we have announced to one neighbour on one connection, and which new pieces we announce, by its profile."""

from __future__ import annotations

from typing import List, Optional

from peer.core import bits, messages
from peer.core.messages import Message
from peer.core.tuples import NamedTuple


class NewPiece(NamedTuple):
    """A piece that has just been stored. `urgent`: few neighbours have it; `complete`: it was our last one."""

    bit: int
    have: Message
    urgent: bool
    complete: bool


class News:
    """The facts that one neighbour knows of us; only the announcer writes this."""

    progress = False  # whether we show it our progress when there is nothing else to announce

    def __init__(self) -> None:
        self.we_want = False
        self.told_interest = False  # whether we ever sent our interest on this connection
        self.untold = False  # whether we have pieces that were not announced to it one by one

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """The messages to send immediately about a new piece. `theirs`: the neighbour's set."""
        raise NotImplementedError

    def of_found(self, pieces: int, theirs: int, complete: bool) -> List[Message]:
        """The messages to send immediately about `pieces` (a set) that were on the disk. `theirs`: as above."""
        raise NotImplementedError

    def loses_interest(self, complete: bool) -> bool:
        """Whether to tell it that we lost interest. `complete`: we lack no piece."""
        raise NotImplementedError


class ClassicNews(News):
    """Every piece as it comes, and every change of our interest."""

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """A have message, even if it has the piece."""
        return piece.have

    def of_found(self, pieces: int, theirs: int, complete: bool) -> List[Message]:
        """A have message for each: its bitfield has come already, and there is only one."""
        return [Message(messages.HAVE, index) for index in bits.indices(pieces)]

    def loses_interest(self, complete: bool) -> bool:
        """Always."""
        return True


class FleetNews(News):
    """Rare pieces as they come, others with the next tick in one bitfield, and the last one as `complete`."""

    progress = True

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """Nothing if it has the piece, unless that was our last one."""
        if piece.complete:
            return Message(messages.COMPLETE)
        if theirs & piece.bit:
            return None
        if piece.urgent:
            return piece.have
        self.untold = True
        return None

    def of_found(self, pieces: int, theirs: int, complete: bool) -> List[Message]:
        """Nothing, as there may be thousands: they go with the next tick, in one bitfield."""
        self.untold = self.untold or bool(pieces & ~theirs)
        return [Message(messages.COMPLETE)] if complete else []

    def loses_interest(self, complete: bool) -> bool:
        """Only at the end: until then it will soon have more for us."""
        return complete

"""What one neighbour was told on one connection, and what it is told of a new piece: classic, or as in the fleet."""

from __future__ import annotations

from typing import NamedTuple, Optional

from peer.core import messages
from peer.core.messages import Message


class NewPiece(NamedTuple):
    """A piece that has just been stored. `urgent`: few neighbours have it; `complete`: it was our last one."""

    bit: int
    have: Message
    urgent: bool
    complete: bool


class News:
    """What one neighbour knows of us; only the announcer writes this."""

    progress = False  # whether it is told that we go forward when there is nothing else to tell

    def __init__(self) -> None:
        self.we_want = False
        self.told_interest = False  # whether it was ever told of our interest on this connection
        self.untold = False  # whether we have pieces that it wasn't told of one by one

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """What to tell of a new piece immediately. `theirs`: the set it has."""
        raise NotImplementedError

    def loses_interest(self, complete: bool) -> bool:
        """Whether it is to be told that it has nothing for us. `complete`: nobody has."""
        raise NotImplementedError


class ClassicNews(News):
    """Every piece as it comes, and every change of our interest."""

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """A have message, also where it has the piece."""
        return piece.have

    def loses_interest(self, complete: bool) -> bool:
        """Always."""
        return True


class FleetNews(News):
    """Rare pieces as they come, others with the next tick in one bitfield, and the last one as `complete`."""

    progress = True

    def of_piece(self, piece: NewPiece, theirs: int) -> Optional[Message]:
        """Nothing where it has the piece, unless that was our last one."""
        if piece.complete:
            return Message(messages.COMPLETE)
        if theirs & piece.bit:
            return None
        if piece.urgent:
            return piece.have
        self.untold = True
        return None

    def loses_interest(self, complete: bool) -> bool:
        """Only at the end: until then it will soon have more for us."""
        return complete

"""Counts messages in event logs; a hundred peers write millions of lines, so no line is parsed."""

from __future__ import annotations

from typing import Iterable, NamedTuple

_TOLD = (b"received the '", b"choked by ")  # haves, interest and its end; chokes and unchokes
_PIECE = b" has downloaded the piece "


class Counted(NamedTuple):
    """Messages that came in, pieces among them, and the requests those answered."""

    messages: int
    pieces: int

    @property
    def a_piece(self) -> float:
        """Messages for each piece delivered."""
        return self.messages / self.pieces if self.pieces else 0.0


def count(logs: Iterable[bytes]) -> Counted:
    """What these logs tell; bitfields and what no log names are left out."""
    messages = pieces = 0
    for log in logs:
        found = log.count(_PIECE)
        pieces += found
        messages += 2 * found + sum(log.count(words) for words in _TOLD)
    return Counted(messages, pieces)

"""Which of the pieces that a trace notes a peer has, as the text that its status carries: at most 344 characters."""

from __future__ import annotations

import binascii
from typing import Iterator

from peer.core import bits
from peer.core.tracer import every_of


def format_noted(here: int, total: int) -> str:
    """`here`: the set of a peer's pieces, of `total`. "" for none of those that are noted."""
    every = every_of(total)
    return _text(here if every == 1 else int(f"{here:b}"[::-1][::every][::-1], 2))


def parse_noted(text: str, total: int) -> int:
    """The set: bit `i` is the piece `i` times `every_of(total)`. Raises ValueError."""
    try:
        noted = int.from_bytes(binascii.a2b_base64(text), "little")
    except binascii.Error as error:
        raise ValueError(f"not a set of pieces: {error}") from None
    if _text(noted) != text:
        raise ValueError("not a set of pieces: written in another way")
    if noted >> -(-total // every_of(total)):
        raise ValueError("not a set of pieces: there aren't so many")
    return noted


def _text(noted: int) -> str:
    return binascii.b2a_base64(noted.to_bytes(-(-noted.bit_length() // 8), "little"), newline=False).decode()


def came(before: int, now: int, total: int) -> Iterator[int]:
    """The pieces that are in one such set and weren't in the one before it."""
    every = every_of(total)
    return (every * place for place in bits.indices(now & ~before))

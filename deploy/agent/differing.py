"""Packs bytes by what differs from older ones that both sides have: a new version's manifest is mostly the old one.

The new bytes are taken in steps. What a step has in common with the older bytes around the same place is found by zlib,
which gets these as its dictionary; where that place is shifts with all that was put in or left out before.
"""

from __future__ import annotations

import struct
import zlib
from typing import Iterator

_STEP = 16 * 1024
_BEFORE, _AFTER = 8 * 1024, _STEP + 4 * 1024  # the dictionary around the expected place: zlib looks back 32 KiB at most
_MARK = 32  # bytes at a step's end that tell where it was in the older bytes
_LENGTH = struct.Struct(">I")  # of what a step is packed into; 0: it is the same as the older bytes


def pack(new: bytes, older: bytes = b"") -> bytes:
    """All of `new`, for one who has `older`."""
    return b"".join(_packed(new, older))


def _packed(new: bytes, older: bytes) -> Iterator[bytes]:
    place = 0
    for begin in range(0, len(new), _step(older)):
        part = new[begin : begin + _step(older)]
        if part == older[place : place + len(part)]:
            yield _LENGTH.pack(0)
        else:
            engine = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_around(older, place))
            packed = engine.compress(part) + engine.flush()
            yield _LENGTH.pack(len(packed)) + packed
        place = _next_place(older, place, part)


def unpack(packed: bytes, size: int, older: bytes = b"") -> bytes:
    """The `size` bytes that were packed, never more. Raises ValueError where they are damaged."""
    new, at, place = bytearray(), 0, 0
    while len(new) < size:
        wanted = min(_step(older), size - len(new))
        (length,) = _LENGTH.unpack(packed[at : at + _LENGTH.size].ljust(_LENGTH.size, b"\0"))
        at += _LENGTH.size
        part = _unpacked(packed[at : at + length], wanted, _around(older, place)) if length else older[place:][:wanted]
        if len(part) < wanted:
            raise ValueError(f"{wanted - len(part)} bytes are missing")
        at += length
        new += part
        place = _next_place(older, place, part)
    return bytes(new)


def _unpacked(packed: bytes, size: int, dictionary: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=dictionary).decompress(packed, size)
    except zlib.error as error:
        raise ValueError(str(error)) from None


def _step(older: bytes) -> int:
    return _STEP if older else 2**32  # with nothing to be at a place of, in one go


def _around(older: bytes, place: int) -> bytes:
    return older[max(0, place - _BEFORE) : place + _AFTER]


def _next_place(older: bytes, place: int, part: bytes) -> int:
    """Where the next step probably is in the older bytes: after the mark of this one, the nearest first."""
    mark, expected = part[-_MARK:], place + len(part)
    begin = expected - len(mark)
    if older[begin:expected] == mark:
        return expected
    found = [at for at in (older.rfind(mark, 0, expected), older.find(mark, begin)) if at >= 0]
    return min(found, key=lambda at: abs(at - begin)) + len(mark) if found else expected

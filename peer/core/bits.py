"""Sets of pieces: a Python int whose bit `i` is piece `i`, and the set's form on the wire."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, repeat
from random import Random
from typing import Iterator

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TRIES = 16  # draws before `random_bit` settles for a nearly even choice


@lru_cache(maxsize=8)  # every neighbour is compared with it, at every have
def full(total: int) -> int:
    """The set of all `total` pieces."""
    return (1 << total) - 1


def wire_length(total: int) -> int:
    """Bytes of the bitfield message's payload for `total` pieces."""
    return -(-total // 8)


def to_wire(pieces: int, total: int) -> bytes:
    """The bitfield's bytes: the high bit of the first byte is piece 0, spare bits are zero."""
    return pieces.to_bytes(wire_length(total), "little").translate(_REVERSED)


def from_wire(data: bytes, total: int) -> int:
    """The set in a bitfield's bytes; spare bits, which sloppy peers set, are ignored."""
    return int.from_bytes(data.translate(_REVERSED), "little") & full(total)


def from_wire_low_first(data: bytes, total: int) -> int:
    """The same for a peer for which the low bit of the first byte is piece 0."""
    return int.from_bytes(data, "little") & full(total)


def is_low_first(data: bytes, total: int, counted: int) -> bool:
    """Whether a bitfield was written with the low bit first: spare bits are set, but not if it is read that way.

    Where its last byte holds all spare bits and nothing else, it is that of a peer which fills its spare bits.
    `counted`: the pieces that the peer may believe there are.
    """
    high, low = (int.from_bytes(form, "little") for form in (data.translate(_REVERSED), data))
    fillings = [(1 << -number % 8) - 1 for number in (total, counted)]
    return high >> counted != 0 and low >> counted == 0 and data[-1] not in fillings


def alike(pieces: int, total: int) -> int:
    """The part of the set whose bytes are the same with the high and with the low bit first."""
    data = to_wire(pieces, total)
    return from_wire(bytes(byte if byte == _REVERSED[byte] else 0 for byte in data), total)


def count(pieces: int) -> int:
    """How many pieces are in the set (`int.bit_count` came with Python 3.10)."""
    return bin(pieces).count("1")


def indices(pieces: int) -> Iterator[int]:
    """The pieces of the set in ascending order."""
    while pieces:
        low = pieces & -pieces
        yield low.bit_length() - 1
        pieces ^= low


def flags(pieces: int) -> Iterator[bool]:
    """Whether each piece is in the set, from the first on without end."""
    return chain((flag == "1" for flag in reversed(f"{pieces:b}")), repeat(False))


def random_bit(pieces: int, rng: Random) -> int:
    """A random piece of a set that isn't empty.

    Dense sets are drawn from evenly. In a sparse one the draw that never hit falls to the next piece above a random
    place, which favours pieces that follow gaps: random enough to keep peers from asking for the same piece.
    """
    length = pieces.bit_length()
    for _ in range(_TRIES):
        index = int(rng.random() * length)
        if pieces >> index & 1:
            return index
    above = pieces >> index
    return index + (above & -above).bit_length() - 1

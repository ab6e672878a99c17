"""Blocks: how files are cut into them, and the SHA-256 of a run of them, which names a piece or a file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import chain, repeat
from typing import Iterable, Iterator, List, Optional, Union

HASH_BYTES = 32
LEAST_BLOCK = 64 * 1024
MOST_BLOCKS = 65_536  # above which blocks become larger: their hashes are sent to every host
MOST_HOLES = 4  # times as many, where most of them are holes: their hashes are equal, and packed to nearly nothing


def block_size(size: int, piece_size: int, room: Optional[int] = None) -> int:
    """Bytes of a block for a payload of `size` bytes: a divisor of `piece_size`, so that one file has equal pieces.

    `room`: bytes that it takes on a disk, where these are fewer.
    """
    if piece_size % LEAST_BLOCK:
        return piece_size
    block = LEAST_BLOCK
    counted = size if room is None else max(room, size // MOST_HOLES)
    while counted > block * MOST_BLOCKS and piece_size % (2 * block) == 0:
        block *= 2
    return block


def block_count(size: int, block: int) -> int:
    """How many blocks a file of `size` bytes has; 0 for an empty one."""
    return -(-size // block)


def run_hash(blocks: bytes) -> bytes:
    """The hash of a run of blocks, from their joined hashes: the block's own if it is one, else that of the hashes."""
    return blocks if len(blocks) == HASH_BYTES else hashlib.sha256(blocks).digest()


class RunHash:
    """The hash of a run of blocks whose bytes come in parts. `lengths`: bytes of each block."""

    def __init__(self, lengths: Iterable[int]) -> None:
        self._lengths = iter(lengths)
        self._left = 0  # bytes that the current block lacks
        self._sha = hashlib.sha256()
        self._done: List[bytes] = []

    def update(self, data: Union[bytes, memoryview]) -> None:
        """The next bytes. Those beyond the run count as one more block, so that its hash is wrong.

        Each step in Python counts here: a GiB has 16,384 blocks, and another thread may wait for the interpreter.
        """
        view = memoryview(data)
        size = len(view)
        at = self._end_block(view) if self._left else 0
        while at < size:
            end = at + next(self._lengths, size - at)
            if end > size:
                self._sha = hashlib.sha256(view[at:])
                self._left = end - size
                return
            self._done.append(hashlib.sha256(view[at:end]).digest())
            at = end

    def zeros(self, count: int) -> None:
        """The next bytes are so many zeros: the hash of a block of them is known."""
        if self._left:
            count -= self._end_block(memoryview(bytes(min(count, self._left))))
        while count:
            length = next(self._lengths, count)
            if length > count:
                self._sha = hashlib.sha256(bytes(count))
                self._left = length - count
                return
            self._done.append(hash_of_zeros(length))
            count -= length

    def _end_block(self, view: memoryview) -> int:
        """Add to the block that was begun; how many bytes were of it."""
        part = view[: self._left]
        self._sha.update(part)
        self._left -= len(part)
        if not self._left:
            self._done.append(self._sha.digest())
        return len(part)

    @property
    def blocks(self) -> bytes:
        """The joined hashes of the complete blocks."""
        return b"".join(self._done)

    def digest(self) -> bytes:
        """The hash of the run."""
        return run_hash(self.blocks)


def lengths_of(size: int, block: int) -> Iterator[int]:
    """The bytes of each block of `size` bytes of a file that begin with a block."""
    full, rest = divmod(size, block)
    return chain(repeat(block, full), (rest,) if rest else ())


@lru_cache(maxsize=64)
def hash_of_zeros(length: int) -> bytes:
    """The hash of a block of so many zeros."""
    return hashlib.sha256(bytes(length)).digest()

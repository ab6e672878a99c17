"""Anchors: where a block of a new version may lie in an older file, if it isn't at its old place.

A receiver knows the hashes of blocks, and can't tell from these where to look in a file that got longer in front. So
for every eighth block the seed notes a few bytes of it, which `bytes.find` looks for ten times as fast as any sum could
be rolled. Blocks move in long runs, so one that was found leads to its neighbours. An anchor proves nothing: what it
leads to counts by the block's hash.
"""

from __future__ import annotations

import struct
import zlib
from itertools import accumulate
from typing import Iterable, Iterator, List, Sequence, Tuple

from peer.core.blocks import block_count
from peer.core.tuples import NamedTuple

EVERY = 8  # blocks from one anchor to the next; a smaller file has none
NEEDLE = 8  # bytes to look for
SAMPLE = 256  # bytes from there on, whose checksum tells a true find from a chance one
_PROBES = 32  # places in a block that may hold the anchor
_PROBED = 64 * 1024  # bytes of a block in which these lie
_DISTINCT = 7  # different bytes in a needle that is rare enough
_LEAST_DISTINCT = 4  # in one that is of any use: runs of zeros are everywhere
_ROW = struct.Struct("<B8sI")
ROW_BYTES = _ROW.size


class Anchor(NamedTuple):
    """`begin`: where in the block the needle lies."""

    begin: int
    needle: bytes
    checksum: int

    def fits(self, sample: bytes) -> bool:
        """Whether the SAMPLE bytes that begin with the needle are those of the block."""
        return zlib.crc32(sample) == self.checksum


def anchor_count(size: int, block: int) -> int:
    """How many anchors a file of `size` bytes has: those of its blocks 0, EVERY, 2 * EVERY and so on, all complete."""
    return block_count(size, block) // EVERY if block >= SAMPLE else 0


def probes(block: int) -> List[int]:
    """Where in a block a needle may begin; none if it is too small."""
    step = _step(block)
    return [begin for begin in range(0, _PROBES * step, step) if begin + SAMPLE <= block]


def format_anchor(block: int, samples: Iterable[Tuple[int, bytes]]) -> bytes:
    """The row of a block's anchor. `samples`: what `probes` may begin; no more are asked for than are needed."""
    best, most = None, _LEAST_DISTINCT - 1
    for begin, sample in samples:
        distinct = len(set(sample[:NEEDLE]))
        if distinct > most:
            best, most = (begin, sample), distinct
        if most >= _DISTINCT:
            break
    if best is None:
        return bytes(ROW_BYTES)
    begin, sample = best
    return _ROW.pack(begin // _step(block), sample[:NEEDLE], zlib.crc32(sample))


def _step(block: int) -> int:
    return max(1, min(block, _PROBED) // _PROBES)


class Anchors:
    """The anchors of a row of files. `rows`: the joined rows in the row's order."""

    def __init__(self, sizes: Sequence[int], block: int, rows: bytes) -> None:
        self._block = block
        self._rows = rows
        self._starts = list(accumulate((anchor_count(size, block) for size in sizes), initial=0))

    @property
    def files(self) -> Iterator[int]:
        """The numbers of the files that have anchors."""
        starts = self._starts
        return (file for file in range(len(starts) - 1) if starts[file] < starts[file + 1]) if self._rows else iter(())

    def of_file(self, file: int) -> List[Tuple[int, Anchor]]:
        """(number of a block in its file, its anchor) in order; a block of zeros or the like has none."""
        found = []
        for number in range(self._starts[file], self._starts[file + 1]):
            step, needle, checksum = _ROW.unpack_from(self._rows, number * ROW_BYTES)
            if any(needle):
                anchor = Anchor(step * _step(self._block), needle, checksum)
                found.append(((number - self._starts[file]) * EVERY, anchor))
        return found

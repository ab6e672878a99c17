"""Where pieces and blocks lie: the payload's row of files cut into blocks, and runs of these into pieces.

Each file is cut on its own grid, from its own start. A piece is a run of consecutive blocks: it ends where the next
block would make it longer than `piece_size`. So the pieces of one file are equally long but for the last.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate, chain, islice
from operator import sub
from typing import Iterator, Sequence, Tuple

from peer.core import bits
from peer.core.blocks import block_count, lengths_of
from peer.core.tuples import NamedTuple


class Segment(NamedTuple):
    """`length` bytes at `offset` of the manifest's file number `file`."""

    file: int
    offset: int
    length: int


class Run(NamedTuple):
    """The blocks of a piece or a file: the number of the first in the row, and of the first that isn't part of it."""

    begin: int
    end: int


class Stretch(NamedTuple):
    """`length` bytes of a piece, from `begin` on."""

    begin: int
    length: int


class Layout:
    """Tells which bytes of which files a piece is. `starts`: where each file begins in the row, and the row's end.

    `block` must divide `piece_size`. There is no object a file or a piece in it.
    """

    def __init__(self, starts: Sequence[int], block: int, piece_size: int) -> None:
        self._starts = starts
        self._block = block
        sizes: Iterator[int] = map(sub, islice(starts, 1, None), starts)
        self._first_blocks = array("Q", accumulate([block_count(size, block) for size in sizes], initial=0))
        self._begins = _piece_begins(starts, block, piece_size)
        self._count, self._end = len(self._begins), starts[-1]

    @property
    def piece_count(self) -> int:
        """How many pieces there are; none in an empty payload."""
        return self._count

    @property
    def block_count(self) -> int:
        """How many blocks there are."""
        return self._first_blocks[-1]

    def piece_begin(self, piece: int) -> int:
        """Where a piece begins in the row; the row's end after the last."""
        return self._begins[piece] if piece < self._count else self._end

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece, 0 after the last."""
        after = piece + 1
        if after < self._count:
            return self._begins[after] - self._begins[piece]
        return self._end - self.piece_begin(piece)

    def blocks_of_piece(self, piece: int) -> Run:
        """The blocks of a piece."""
        return Run(self._block_at(self.piece_begin(piece)), self._block_at(self.piece_begin(piece + 1)))

    def blocks_of_file(self, file: int) -> Run:
        """The blocks of a file."""
        return Run(self._first_blocks[file], self._first_blocks[file + 1])

    def parts_of(self, run: Run) -> Iterator[Tuple[int, int]]:
        """The pieces that a run of blocks is part of, each with the set of its own blocks that are in the run."""
        at = run.begin
        piece = self.place_of_block(at)[0] if at < run.end else 0
        while at < run.end:
            its = self.blocks_of_piece(piece)
            end = min(its.end, run.end)
            yield piece, bits.full(end - at) << at - its.begin
            at, piece = end, piece + 1

    def file_of_block(self, block: int) -> int:
        """The number of the file that a block is part of."""
        return bisect_right(self._first_blocks, block) - 1

    def place_of_block(self, block: int) -> Tuple[int, int]:
        """The piece that a block is part of, and how many bytes into it the block begins."""
        file = self.file_of_block(block)
        at = self._starts[file] + (block - self._first_blocks[file]) * self._block
        piece = bisect_right(self._begins, at) - 1
        return piece, at - self._begins[piece]

    def _block_at(self, place: int) -> int:
        """The block that begins at a place in the row."""
        file = self._file_at(place)
        if file == len(self._starts) - 1:
            return self.block_count
        return self._first_blocks[file] + (place - self._starts[file]) // self._block

    def _file_at(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def segments(self, piece: int, begin: int, length: int) -> Iterator[Segment]:
        """The segments of the `length` bytes that begin `begin` bytes into a piece, in order; empty files have none.

        Each read of a connection asks for them, so few calls are made here.
        """
        starts = self._starts
        at = (self._begins[piece] if piece < self._count else self._end) + begin
        file = bisect_right(starts, at) - 1
        while length > 0:
            left = starts[file + 1] - at
            step = left if left < length else length
            if step > 0:
                yield Segment(file, at - starts[file], step)
            at += step
            length -= step
            file += 1

    def block_segments(self, piece: int) -> Iterator[Segment]:
        """The blocks of a piece, in order."""
        for file, offset, length in self.segments(piece, 0, self.piece_length(piece)):
            for begin in range(offset, offset + length, self._block):
                yield Segment(file, begin, min(self._block, offset + length - begin))

    def block_lengths(self, piece: int) -> Iterator[int]:
        """The bytes of each block of a piece, in order."""
        segments = self.segments(piece, 0, self.piece_length(piece))
        return chain.from_iterable(lengths_of(segment.length, self._block) for segment in segments)

    def stretches(self, piece: int, blocks: int) -> Iterator[Stretch]:
        """The bytes of a set of a piece's blocks (see `bits`; 0 is its first), in order; neighbours are joined."""
        begin = at = 0
        for length, flag in zip(self.block_lengths(piece), bits.flags(blocks)):
            if not flag:
                if at > begin:
                    yield Stretch(begin, at - begin)
                begin = at + length
            at += length
        if at > begin:
            yield Stretch(begin, at - begin)


def _piece_begins(starts: Sequence[int], block: int, piece_size: int) -> Sequence[int]:
    """Where each piece begins in the row."""
    if len(starts) == 2:
        return range(0, starts[-1], piece_size)  # also of a payload of millions of pieces
    begins = array("Q")
    room = 0
    for file in range(len(starts) - 1):
        at, end = starts[file], starts[file + 1]
        while at < end:
            taken = end - at if end - at <= room else room - room % block
            if not taken:
                begins.append(at)
                room = piece_size
            at += taken
            room -= taken
    return begins

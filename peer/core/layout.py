"""Where a piece lies: the payload's sequence of bytes mapped to its files."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Iterator, NamedTuple

from peer.core.manifest import Manifest


class Segment(NamedTuple):
    """`length` bytes at `offset` of the manifest's file number `file`."""

    file: int
    offset: int
    length: int


class Layout:
    """Tells for one manifest which bytes of which files a range of a piece is."""

    def __init__(self, manifest: Manifest) -> None:
        self._piece_size = manifest.piece_size
        self._sizes = [entry.size for entry in manifest.files]
        self._starts = [0, *accumulate(self._sizes)]

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece, 0 after the last; the manifest would add up all its files each time."""
        return max(0, min(self._piece_size, self._starts[-1] - piece * self._piece_size))

    def segments(self, piece: int, begin: int, length: int) -> Iterator[Segment]:
        """The segments of the `length` bytes that begin `begin` bytes into a piece, in order; empty files have none."""
        at = piece * self._piece_size + begin
        file = bisect_right(self._starts, at) - 1
        while length > 0:
            offset = at - self._starts[file]
            step = min(length, self._sizes[file] - offset)
            if step > 0:
                yield Segment(file, offset, step)
            at += step
            length -= step
            file += 1

"""Where the bytes of a message belong that carries blocks of a piece, some of which may be here already."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from peer.core import bits
from peer.core.layout import Layout
from peer.core.tuples import NamedTuple


class Step(NamedTuple):
    """`length` bytes that follow each other: from `begin` on in the message, from `place` on in the piece."""

    begin: int
    place: int
    length: int


class Route:
    """The way of one message's bytes into a piece. `blocks`: those that come; `missing`: those that may be written.

    What is here already is hashed as it comes, like all the rest, but its place isn't touched.
    """

    def __init__(self, layout: Layout, piece: int, blocks: int, missing: int) -> None:
        self.blocks = blocks
        self.lengths: List[int] = []  # of the blocks that come
        self._steps: List[Step] = []
        begin = place = 0
        for length, comes, wanted in zip(layout.block_lengths(piece), bits.flags(blocks), bits.flags(missing)):
            if comes:
                self.lengths.append(length)
                if wanted:
                    self._add(Step(begin, place, length))
                begin += length
            place += length

    def _add(self, step: Step) -> None:
        last = self._steps[-1] if self._steps else Step(-1, -1, 0)
        if (last.begin + last.length, last.place + last.length) == step[:2]:
            self._steps[-1] = last._replace(length=last.length + step.length)
        else:
            self._steps.append(step)

    @property
    def size(self) -> int:
        """Bytes that come."""
        return sum(self.lengths)

    def places(self, begin: int, data: memoryview) -> Iterator[Tuple[int, memoryview]]:
        """What of `data`, `begin` bytes into the message, is to be written, each with its place in the piece."""
        end = begin + len(data)
        for step in self._steps:
            first, last = max(begin, step.begin), min(end, step.begin + step.length)
            if first < last:
                yield step.place + first - step.begin, data[first - begin : last - begin]

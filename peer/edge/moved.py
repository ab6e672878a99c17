"""Finds the blocks of a large file that lie at other places of an older file, by their anchors.

Where something was put in or taken out, all that follows has moved by the same distance, the shift. A shift that was
found once is therefore tried first, block by block; `find` runs over the old file only for anchors that no known shift
explains, first near their old places. How much it may read depends on how much is missing, because content that is
really new would otherwise cost more time to look for than to fetch.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import Callable, Iterator, List, Optional, Sequence, Set, Tuple

from peer.core.anchors import EVERY, NEEDLE, SAMPLE, Anchor
from peer.core.tuples import NamedTuple
from peer.edge.verdicts import verdicts

NEAR = 1024 * 1024  # bytes before and after the place where a block is expected
_PART = 1024 * 1024  # bytes that `find` looks through at a time: it keeps all other threads waiting meanwhile
_LEAST_READ = 64 * 1024 * 1024  # bytes that may be looked through in any case, and ...
_READ_OF_MISSING = 0.5  # ... for each byte that is missing, and ...
_READ_OF_FOUND = 4  # ... for each byte that was found
_MOST_FINDS = 1000  # of one needle, that turned out to be something else
_MOST_SHIFTS = 8  # that are tried for each anchor
_STRETCH = 64 * EVERY  # blocks that a thread looks for in one go
_PROBES = 16  # anchors that tell whether a file of the same length has moved blocks ...
_MOST_SOUGHT = 4  # ... and how many of them are looked for

Step = Tuple[int, int]  # numbers of blocks in their file: the first, and the first that isn't part of it


class Target(NamedTuple):
    """A file of the new version: its bytes, those of a block, and its anchors by the block's number in the file.

    `lacks` says whether a block is missing; `take` takes its bytes and says whether they are right. Raises OSError.
    """

    size: int
    block: int
    anchors: Sequence[Tuple[int, Anchor]]
    lacks: Callable[[int], bool]
    take: Callable[[int, bytes], bool]

    @property
    def blocks(self) -> int:
        """How many it has."""
        return -(-self.size // self.block)

    def length(self, number: int) -> int:
        """Bytes of one block."""
        return min(self.block, self.size - number * self.block)


class Hunt:
    """One new file's blocks, looked for in one old file, which is open as `descriptor`."""

    def __init__(self, target: Target, descriptor: int, is_over: Callable[[], bool]) -> None:
        self._target = target
        self._descriptor = descriptor
        self._is_over = is_over
        self._old_size = os.fstat(descriptor).st_size
        self._sought: Set[int] = set()  # blocks that were looked for everywhere
        self._shifts = [self._old_size - target.size]  # the latest last; this one if all was put in at one place
        missing = sum(target.length(number) for number in range(target.blocks) if target.lacks(number))
        self._may_read = int(_LEAST_READ + _READ_OF_MISSING * missing)

    def seems_moved(self) -> bool:
        """Whether, of a few blocks all over the file that aren't at their places, one lies near its place."""
        gone = 0
        for number, anchor in islice(_spread(list(self._target.anchors)), _PROBES):
            place = number * self._target.block + anchor.begin
            if anchor.fits(self._read(place, SAMPLE)):
                continue
            if any(found != place for found in self._finds(anchor, place, NEAR)):
                return True
            gone += 1
            if gone == _MOST_SOUGHT:
                break
        return False

    def rounds(self) -> Iterator[None]:
        """Search; yields whenever a part of the file was searched."""
        yield from self._each(search=True)
        while self._anywhere():
            yield from self._each(search=False)

    def _each(self, search: bool) -> Iterator[None]:
        blocks = self._target.blocks
        begins = range(0, blocks - EVERY + 1, _STRETCH)  # so that there is an anchor in each
        steps = list(zip(begins, [*begins[1:], blocks]))
        for _ in verdicts(lambda step: self._explain(step, search), steps, self._is_over):
            yield

    def _explain(self, step: Step, search: bool) -> bool:
        """Take what lies at a known shift or, if it is to be searched, near one; whether something did."""
        found = False
        for number, anchor in self._target.anchors:
            if step[0] <= number < step[1] and self._target.lacks(number) and not self._is_over():
                shift = self._known(number, anchor)
                if shift is None and search:
                    shift = self._search(number, anchor, NEAR)
                if shift is not None:
                    self._follow(number, shift, step)
                    found = True
        return found

    def _known(self, number: int, anchor: Anchor) -> Optional[int]:
        """Take the block by one of the known shifts."""
        for shift in self._shifts[: -_MOST_SHIFTS - 1 : -1]:
            place = number * self._target.block + anchor.begin + shift
            if place >= 0 and anchor.fits(self._read(place, SAMPLE)) and self._found(number, shift):
                return shift
        return None

    def _anywhere(self) -> bool:
        """Look through all of the old file for anchors that are still missing; whether a new shift was found."""
        left = [one for one in self._target.anchors if self._target.lacks(one[0]) and one[0] not in self._sought]
        for number, anchor in _spread(left):
            if self._is_spent:
                return False
            self._sought.add(number)
            if self._search(number, anchor, self._old_size) is not None:
                return True
        return False

    def _search(self, number: int, anchor: Anchor, most: int) -> Optional[int]:
        """Take the block if its anchor lies at most so many bytes from where it is expected; its shift."""
        offset = number * self._target.block + anchor.begin
        for place in self._finds(anchor, offset + self._shifts[-1], most):
            if self._found(number, place - offset):
                return place - offset
        return None

    def _found(self, number: int, shift: int) -> bool:
        """Take a block at a shift, which is known from now on if the block is right."""
        if not self._take(number, shift):
            return False
        if self._shifts[-1] != shift:
            self._shifts.append(shift)
        return True

    def _follow(self, number: int, shift: int, step: Step) -> None:
        """Take the neighbours of a block that was found, as long as they have moved with it."""
        for neighbours in (range(number + 1, step[1]), range(number - 1, step[0] - 1, -1)):
            for neighbour in neighbours:
                if not (self._target.lacks(neighbour) and self._take(neighbour, shift)):
                    break

    def _take(self, number: int, shift: int) -> bool:
        place, length = number * self._target.block + shift, self._target.length(number)
        if place < 0 or place + length > self._old_size:
            return False
        data = self._read(place, length)
        if len(data) != length or not self._target.take(number, data):
            return False
        self._may_read += _READ_OF_FOUND * length
        return True

    def _read(self, place: int, length: int) -> bytes:
        """Bytes of the old file; fewer where it ends, none where the disk fails."""
        try:
            return os.pread(self._descriptor, length, place)
        except OSError:
            return b""

    @property
    def _is_spent(self) -> bool:
        return self._may_read <= 0 or self._is_over()

    def _finds(self, anchor: Anchor, middle: int, most: int) -> Iterator[int]:
        """Where the anchor lies in the old file, at most so many bytes from the middle; the nearest part first."""
        wrong = 0
        for begin in _outwards(middle, most, self._old_size):
            if self._is_spent or wrong > _MOST_FINDS:
                return
            data = self._read(begin, _PART + SAMPLE - 1)
            self._may_read -= len(data)
            at = data.find(anchor.needle, 0, _PART + NEEDLE - 1)
            while at >= 0 and wrong <= _MOST_FINDS:
                if anchor.fits(data[at : at + SAMPLE]):
                    yield begin + at
                wrong += 1
                at = data.find(anchor.needle, at + 1, _PART + NEEDLE - 1)


def _outwards(middle: int, most: int, size: int) -> Iterator[int]:
    """Where parts of a file begin, at most so many bytes from the middle: by turns after it and before it."""
    middle = max(0, min(middle, size))
    for distance in range(0, most, _PART):
        if middle + distance < size:
            yield middle + distance
        if middle - distance > 0:
            yield max(0, middle - distance - _PART)


def _spread(row: List[Tuple[int, Anchor]]) -> Iterator[Tuple[int, Anchor]]:
    """A row in another order: few of them lie all over it."""
    stride = 1 << max(0, len(row).bit_length() - 1)
    seen = -1
    while stride:
        for at in range(0, len(row), stride):
            if seen < 0 or at % seen:
                yield row[at]
        seen, stride = stride, stride // 2

"""Takes from older versions of the payload what the new one has too, as rsync does from its basis files.

Each block is first looked for at the same place of the older files of that path. Then the older files that the new
version doesn't have at their places, since they were renamed or moved, are cut into blocks as well, and searched for
what is still missing; and in large files, for what has moved within them (`moved`). A block counts only if its bytes,
as they are copied, have the right hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from peer.core import bits
from peer.core.anchors import EVERY, Anchors
from peer.core.layout import Segment
from peer.core.manifest import Manifest
from peer.core.tuples import NamedTuple
from peer.core.wanted import Wanted
from peer.edge.files import OpenFiles, by_path, size_in
from peer.edge.movable import Movable
from peer.edge.moved import Hunt, Target
from peer.edge.payload import Payload
from peer.edge.spare import Spare
from peer.edge.verdicts import verdicts

_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in a file's place mustn't stop us
_STRETCH = 4 * 1024 * 1024  # bytes of a file that a thread searches in one go
Missing = Callable[[int], int]
_MOST_LIKELY = 2  # spare files in which moved blocks of one file are looked for


class Stretch(NamedTuple):
    """A part of one of the `spare` files."""

    file: int
    offset: int
    length: int


class Basis:
    """The older versions at `roots`, which are asked in this order, and the incomplete copy `goal` that they fill.

    `missing` tells which blocks of a piece (a set) it hasn't yet.
    """

    def __init__(self, manifest: Manifest, roots: Sequence[str], goal: Payload, missing: Missing) -> None:
        self._manifest = manifest
        self._goal = goal
        self._older = [OpenFiles(by_path(Payload(manifest, root, os.O_RDONLY).path), _READ_ONLY) for root in roots]
        self._spare = Spare(manifest, roots, lambda: _lacking(manifest, missing))
        self._spare_files = OpenFiles(by_path(lambda number: self._spare.files[number][0]), _READ_ONLY)
        self._lock = threading.Lock()  # for what is wanted
        self._wanted = Wanted(manifest, by_hash=bool(self._spare.files))
        self._missed: Dict[int, int] = {}  # piece -> the set of its blocks that weren't found at the same place
        self._anchors = Anchors(list(manifest.files.sizes), manifest.block, manifest.anchors)
        self._movable = Movable(list(self._anchors.files), self._older, self._target)

    # ---- at the same place

    def fill(self, piece: int, missing: int) -> bool:
        """Copy the blocks that a piece misses (a set) from older files of the same path; whether these are all."""
        run = self._manifest.layout.blocks_of_piece(piece)
        left = missing & bits.full(run.end - run.begin)
        for older in self._older:
            left &= ~self._take(older, piece, left)
        self._missed[piece] = left
        if left and self.is_searched(piece):
            with self._lock:
                for number in bits.indices(left):
                    self._wanted.miss(run.begin + number)
        return not left

    def _take(self, older: OpenFiles, piece: int, blocks: int) -> int:
        """Have these blocks of a piece from an older version; the set of those that it has at the same place."""
        first, found = self._manifest.layout.blocks_of_piece(piece).begin, 0
        for segment in self._goal.part_segments(piece, blocks):
            with contextlib.ExitStack() as opened:
                try:
                    source = opened.enter_context(older.descriptor(segment.file))
                except OSError:
                    continue  # it isn't there, or may not be read
                for number in self._take_run(source, segment):
                    found |= 1 << number - first
        return found

    def _take_run(self, source: int, run: Segment) -> Iterator[int]:
        """Have consecutive blocks of a file: the numbers of those that are right at their places now.

        What can't be shared the kernel copies, once the first block was right. Both are proved as they lie in the copy.
        """
        block, end = self._manifest.block, run.offset + run.length
        number = self._manifest.layout.blocks_of_file(run.file).begin + run.offset // block
        carried = self._goal.carry(source, run, only_share=True)
        for begin in range(run.offset, end, block):
            one = Segment(run.file, begin, min(block, end - begin))
            right = self._is_right(number, one) if begin < carried else self._copied(number, source, one)
            if right:
                yield number
                if begin == run.offset and carried <= begin and end > begin + block:
                    carried = self._goal.carry(source, Segment(run.file, begin + block, end - begin - block))
            number += 1

    def _is_right(self, number: int, one: Segment) -> bool:
        """Whether a block is right as it lies in the copy."""
        with self._goal.descriptor(one.file) as goal:
            return self._is(number, os.pread(goal, one.length, one.offset))

    def _copied(self, number: int, source: int, one: Segment) -> bool:
        """Whether the source has a block, which was written to its place then."""
        try:
            data = os.pread(source, one.length, one.offset)
        except OSError:
            return False
        if not self._is(number, data):
            return False
        place = self._wanted.place(number)
        self._goal.write(place.piece, place.begin, memoryview(data))
        return True

    def _is(self, number: int, data: bytes) -> bool:
        return hashlib.sha256(data).digest() == self._wanted.hash_of(number)

    def files_kept(self, here: int) -> int:
        """How many files of the new version lie at their places in the older ones. `here`: the pieces that are here.

        Of pieces that aren't, and weren't looked for, no older version has any file.
        """
        layout = self._manifest.layout
        lacking: Set[int] = set()
        for piece in range(self._manifest.piece_count):
            if piece in self._missed:
                first = layout.blocks_of_piece(piece).begin
                lacking.update(layout.file_of_block(first + one) for one in bits.indices(self._missed[piece]))
            elif not here >> piece & 1:
                lacking.update(segment.file for segment in self._goal.segments(piece))
        return len(self._manifest.files) - len(lacking)

    def is_searched(self, piece: int) -> bool:
        """Whether blocks of the piece that aren't at their places are searched; else it may be requested at once."""
        files = (segment.file for segment in self._goal.segments(piece))
        return any(self._spare.may_give(file) or file in self._movable for file in files)

    # ---- elsewhere

    def lacking(self, piece: int) -> int:
        """The set of the blocks of a piece that weren't found; before it was looked for, of all."""
        if piece not in self._missed:
            return -1
        missed = self._missed[piece]
        if not self.is_searched(piece):
            return missed
        first = self._manifest.layout.blocks_of_piece(piece).begin
        with self._lock:
            return sum(1 << block for block in bits.indices(missed) if self._wanted.lacks(first + block))

    def search(self, is_over: Callable[[], bool]) -> Iterator[int]:
        """Look for the missing blocks elsewhere; the pieces that become complete. Raises OSError.

        First for those at the same distance from the start of a spare file as of some file, then for those that moved.
        """
        for _ in verdicts(self._search, self._stretches(), is_over):
            yield from self._complete()
        for target, files, number in self._hunts():
            with files.descriptor(number) as descriptor:
                hunt = Hunt(target, descriptor, is_over)
                for _ in hunt.rounds():
                    yield from self._complete()

    def _complete(self) -> List[int]:
        with self._lock:
            return self._wanted.take_complete()

    def _stretches(self) -> List[Stretch]:
        block = self._manifest.block
        step = max(block, _STRETCH - _STRETCH % block)
        return [
            Stretch(file, offset, min(step, size - offset))
            for file, (_, size) in enumerate(self._spare.files)
            for offset in range(0, size, step)
        ]

    def _search(self, stretch: Stretch) -> bool:
        """Copy the blocks of a stretch to wherever they are missing; whether it could be read to its end."""
        block, end = self._manifest.block, stretch.offset + stretch.length
        for offset in range(stretch.offset, end, block):
            data = _read(self._spare_files, Segment(stretch.file, offset, min(block, end - offset)))
            if data is None:
                return False
            with self._lock:
                numbers = self._wanted.with_hash(hashlib.sha256(data).digest())
            for number in numbers:
                self._put(number, data)
        return True

    def _hunts(self) -> Iterator[Tuple[Target, OpenFiles, int]]:
        """Each file that may have blocks elsewhere, with the older files in which these are looked for."""
        for file in sorted(self._movable.files):
            target = self._target(file)
            if not any(target.lacks(block) for block, _ in target.anchors):
                continue
            same = [(older, file) for older in self._older] if file in self._movable else []
            for files, number in [*same, *((self._spare_files, number) for number in self._likely(target.size))]:
                lacks = any(target.lacks(block) for block, _ in target.anchors)
                if lacks and size_in(files, number) is not None:
                    yield target, files, number

    def _likely(self, size: int) -> List[int]:
        """The spare files that are most likely an older version of a file of so many bytes."""
        least = self._manifest.block * EVERY
        numbers = [number for number, (_, found) in enumerate(self._spare.files) if found >= least]
        return sorted(numbers, key=lambda number: abs(self._spare.files[number][1] - size))[:_MOST_LIKELY]

    def _target(self, file: int) -> Target:
        first = self._manifest.layout.blocks_of_file(file).begin

        def take(number: int, data: bytes) -> bool:
            if hashlib.sha256(data).digest() != self._wanted.hash_of(first + number):
                return False
            self._put(first + number, data)
            return True

        size, block = self._manifest.files[file].size, self._manifest.block
        return Target(size, block, self._anchors.of_file(file), lambda one: self._wanted.lacks(first + one), take)

    def _put(self, number: int, data: bytes) -> None:
        """Write a block that was found to its place."""
        place = self._wanted.place(number)
        self._goal.write(place.piece, place.begin, memoryview(data))
        with self._lock:
            self._wanted.found(number)

    def close(self) -> None:
        """Close all files of the older versions."""
        for files in (*self._older, self._spare_files):
            files.close()

    @property
    def may_give(self) -> int:
        """The set of pieces of which some may come from the older versions."""
        if self._spare.files:
            return bits.full(self._manifest.piece_count)
        there = {file for file in range(len(self._manifest.files)) if self._is_there(file)}
        count = self._manifest.piece_count
        pieces = (piece for piece in range(count) if any(one.file in there for one in self._goal.segments(piece)))
        return sum(1 << piece for piece in pieces)

    def _is_there(self, file: int) -> bool:
        return any(size_in(older, file) is not None for older in self._older)


def basis_of(manifest: Manifest, roots: Sequence[str], goal: Payload, missing: Missing) -> Optional[Basis]:
    """What there is of older versions at `roots`; None if nothing is, or if blocks can't be told from one another."""
    there = [root for root in roots if _may_be_older(manifest, root)]
    return Basis(manifest, there, goal, missing) if manifest.blocks and there else None


def _lacking(manifest: Manifest, missing: Missing) -> Iterator[int]:
    """The files of which a block is missing, in order."""
    layout, last = manifest.layout, -1
    for piece in range(manifest.piece_count):
        run = layout.blocks_of_piece(piece)
        blocks = bits.indices(missing(piece) & bits.full(run.end - run.begin))
        for file in (layout.file_of_block(run.begin + block) for block in blocks):
            if file != last:
                yield file
            last = file


def _may_be_older(manifest: Manifest, root: str) -> bool:
    """Whether something of the payload's type lies there; a link isn't followed."""
    try:
        mode = os.lstat(root).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) if manifest.tree else stat.S_ISREG(mode)


def _read(files: OpenFiles, segment: Segment) -> Optional[bytes]:
    """The bytes of a block; None where there aren't so many, or none that can be read."""
    try:
        with files.descriptor(segment.file) as descriptor:
            data = os.pread(descriptor, segment.length, segment.offset)
    except OSError:
        return None
    return data if len(data) == segment.length else None

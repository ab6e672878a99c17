"""Takes from older versions of the payload what the new one has too, as rsync does from its basis files.

Each block is first looked for at the same place of the older files of that path. Then the older files that the new
version doesn't have, since they were renamed or moved, are cut into blocks as well, and searched for what is still
missing. A block counts only if its bytes, as they are copied, have the right hash.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from peer.core import bits
from peer.core.layout import Segment
from peer.core.manifest import Manifest
from peer.core.wanted import Place, Wanted
from peer.edge.files import OpenFiles, entries_below
from peer.edge.payload import Payload
from peer.edge.verdicts import verdicts

_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in a file's place mustn't stop us
_STRETCH = 4 * 1024 * 1024  # bytes of a file that a thread searches in one go


class Stretch(NamedTuple):
    """A part of one of the `spare` files."""

    file: int
    offset: int
    length: int


class Basis:
    """The older versions at `roots`, which are asked in this order, and the incomplete copy `goal` that they fill.

    `spare`: path and bytes of their files that the new version doesn't have.
    """

    def __init__(self, manifest: Manifest, roots: Sequence[str], goal: Payload) -> None:
        self._manifest = manifest
        self._goal = goal
        self._older = [OpenFiles(Payload(manifest, root, os.O_RDONLY).path, _READ_ONLY) for root in roots]
        self.spare = [file for root in roots for file in _spare_files(manifest, root)]
        self._spare_files = OpenFiles(lambda number: self.spare[number][0], _READ_ONLY)
        self._lock = threading.Lock()  # for what is wanted
        self._wanted = Wanted(manifest)

    def fill(self, piece: int) -> bool:
        """Copy the blocks of a piece that the older files of the same path have; whether these are all."""
        run = self._manifest.layout.blocks_of_piece(piece)
        begin = 0
        complete = True
        for number, segment in enumerate(self._manifest.layout.block_segments(piece), run.begin):
            if not self._copy(Place(number, piece, begin), segment):
                complete = False
            begin += segment.length
        return complete

    def _copy(self, place: Place, segment: Segment) -> bool:
        """Copy a block from the same place of an older file; whether one had it."""
        for older in self._older:
            data = _read(older, segment)
            if data is not None and hashlib.sha256(data).digest() == self._wanted.hash_of(place.number):
                self._goal.write(place.piece, place.begin, memoryview(data))
                return True
        with self._lock:
            self._wanted.miss(place)
        return False

    def search(self, is_over: Callable[[], bool]) -> Iterator[int]:
        """Look for the missing blocks in the spare files; the pieces that become complete. Raises OSError."""
        for _ in verdicts(self._search, self._stretches(), is_over):
            with self._lock:
                complete = self._wanted.take_complete()
            yield from complete

    def _stretches(self) -> List[Stretch]:
        block = self._manifest.block
        step = max(block, _STRETCH - _STRETCH % block)
        return [
            Stretch(file, offset, min(step, size - offset))
            for file, (_, size) in enumerate(self.spare)
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
                places = self._wanted.with_hash(hashlib.sha256(data).digest())
            for place in places:
                self._goal.write(place.piece, place.begin, memoryview(data))
                with self._lock:
                    self._wanted.found(place.number)
        return True

    def close(self) -> None:
        """Close all files of the older versions."""
        for files in (*self._older, self._spare_files):
            files.close()

    @property
    def may_give(self) -> int:
        """The set of pieces that may come from the older versions."""
        if self.spare:
            return bits.full(self._manifest.piece_count)
        there = {file for file in range(len(self._manifest.files)) if self._has(file)}
        count = self._manifest.piece_count
        pieces = (piece for piece in range(count) if all(one.file in there for one in self._goal.segments(piece)))
        return sum(1 << piece for piece in pieces)

    def _has(self, file: int) -> bool:
        return any(_can_open(older, file) for older in self._older)


def basis_of(manifest: Manifest, roots: Sequence[str], goal: Payload) -> Optional[Basis]:
    """What there is of older versions at `roots`; None if nothing is, or if blocks can't be told from one another."""
    there = [root for root in roots if _may_be_older(manifest, root)]
    return Basis(manifest, there, goal) if manifest.blocks and there else None


def _may_be_older(manifest: Manifest, root: str) -> bool:
    """Whether something of the payload's type lies there; a link isn't followed."""
    try:
        mode = os.lstat(root).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) if manifest.tree else stat.S_ISREG(mode)


def _can_open(files: OpenFiles, file: int) -> bool:
    try:
        with files.descriptor(file):
            return True
    except OSError:
        return False


def _spare_files(manifest: Manifest, root: str) -> List[Tuple[str, int]]:
    if not manifest.tree:
        return []
    paths = set(manifest.files.paths)
    return [
        (os.path.join(root, path), entry.stat(follow_symlinks=False).st_size)
        for path, entry in entries_below(root)
        if path not in paths and entry.is_file(follow_symlinks=False)
    ]


def _read(files: OpenFiles, segment: Segment) -> Optional[bytes]:
    """The bytes of a block; None where there aren't so many, or none that can be read."""
    try:
        with files.descriptor(segment.file) as descriptor:
            data = os.pread(descriptor, segment.length, segment.offset)
    except OSError:
        return None
    return data if len(data) == segment.length else None

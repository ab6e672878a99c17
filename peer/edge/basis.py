"""Takes from an older version of the payload what the new one has too, as rsync does from its basis files.

Each block is first looked for at the same place of the older file of that path. Then the older files that the new
version doesn't have, since they were renamed or moved, are cut into blocks as well, and searched for what is still
missing. A block counts only if its bytes, as they are copied, have the right hash.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from peer.core import bits
from peer.core.blocks import HASH_BYTES
from peer.core.layout import Segment
from peer.core.manifest import Manifest
from peer.edge.files import OpenFiles, entries_below
from peer.edge.payload import Payload
from peer.edge.verdicts import verdicts

_READ_ONLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in a file's place mustn't stop us
_STRETCH = 4 * 1024 * 1024  # bytes of a file that a thread searches in one go


class Want(NamedTuple):
    """Where a block is missing: in this piece, from this byte on."""

    piece: int
    begin: int


class Stretch(NamedTuple):
    """A part of one of the `spare` files."""

    file: int
    offset: int
    length: int


class Basis:
    """The older version at `root`, and the incomplete copy `goal` that its blocks are written to.

    `spare`: path and bytes of its files that the new version doesn't have.
    """

    def __init__(self, manifest: Manifest, root: str, goal: Payload) -> None:
        self._manifest = manifest
        self._goal = goal
        self._older = OpenFiles(Payload(manifest, root, os.O_RDONLY).path, _READ_ONLY)
        self.spare = _spare_files(manifest, root)
        self._spare_files = OpenFiles(lambda number: self.spare[number][0], _READ_ONLY)
        self._lock = threading.Lock()  # for what is missing
        self._missing: Dict[int, int] = {}  # piece -> how many of its blocks
        self._wanted: Dict[bytes, List[Want]] = {}  # a block's hash -> where it is missing

    def fill(self, piece: int) -> bool:
        """Copy the blocks of a piece that the older files of the same path have; whether these are all."""
        run = self._manifest.layout.blocks_of_piece(piece)
        begin = 0
        for number, segment in enumerate(self._manifest.layout.block_segments(piece), run.begin):
            sha256 = self._manifest.blocks[number * HASH_BYTES : (number + 1) * HASH_BYTES]
            data = _read(self._older, segment)
            if data is not None and hashlib.sha256(data).digest() == sha256:
                self._goal.write(piece, begin, memoryview(data))
            else:
                self._miss(sha256, Want(piece, begin))
            begin += segment.length
        return piece not in self._missing

    def _miss(self, sha256: bytes, want: Want) -> None:
        with self._lock:
            self._missing[want.piece] = self._missing.get(want.piece, 0) + 1
            if self.spare:
                self._wanted.setdefault(sha256, []).append(want)

    def search(self, is_over: Callable[[], bool]) -> Iterator[int]:
        """Look for the missing blocks in the spare files; the pieces that become complete. Raises OSError."""
        found: Dict[int, int] = {}
        for _ in verdicts(lambda stretch: self._search(stretch, found), self._stretches(), is_over):
            with self._lock:
                complete = [piece for piece, count in found.items() if count == self._missing[piece]]
                for piece in complete:
                    del found[piece], self._missing[piece]
            yield from complete

    def _stretches(self) -> List[Stretch]:
        block = self._manifest.block
        step = max(block, _STRETCH - _STRETCH % block)
        return [
            Stretch(file, offset, min(step, size - offset))
            for file, (_, size) in enumerate(self.spare)
            for offset in range(0, size, step)
        ]

    def _search(self, stretch: Stretch, found: Dict[int, int]) -> bool:
        """Copy the blocks of a stretch to wherever they are missing; whether there was one."""
        block, end = self._manifest.block, stretch.offset + stretch.length
        any_found = False
        for offset in range(stretch.offset, end, block):
            data = _read(self._spare_files, Segment(stretch.file, offset, min(block, end - offset)))
            if data is None:
                return any_found
            with self._lock:
                wants = self._wanted.pop(hashlib.sha256(data).digest(), [])
            for want in wants:
                self._goal.write(want.piece, want.begin, memoryview(data))
                with self._lock:
                    found[want.piece] = found.get(want.piece, 0) + 1
                any_found = True
        return any_found

    def close(self) -> None:
        """Close all files of the older version."""
        self._older.close()
        self._spare_files.close()

    @property
    def may_give(self) -> int:
        """The set of pieces that may come from the older version."""
        if self.spare:
            return bits.full(self._manifest.piece_count)
        there = {file for file in range(len(self._manifest.files)) if self._has(file)}
        count = self._manifest.piece_count
        pieces = (piece for piece in range(count) if all(one.file in there for one in self._goal.segments(piece)))
        return sum(1 << piece for piece in pieces)

    def _has(self, file: int) -> bool:
        try:
            with self._older.descriptor(file):
                return True
        except OSError:
            return False


def basis_of(manifest: Manifest, root: str, goal: Payload) -> Optional[Basis]:
    """What stands under the payload's final name, if blocks can be told from one another and it isn't a link."""
    try:
        mode = os.lstat(root).st_mode
    except OSError:
        return None
    if not manifest.blocks or not (stat.S_ISDIR(mode) if manifest.tree else stat.S_ISREG(mode)):
        return None
    return Basis(manifest, root, goal)


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

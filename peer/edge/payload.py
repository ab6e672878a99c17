"""One copy of a payload on disk: its files below a root, made, read and written by pieces, synced and moved."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from typing import ContextManager, Iterator

from peer.core.layout import Layout, Segment
from peer.core.manifest import Manifest
from peer.edge.files import OpenFiles, read_range, size_of, sync_folder
from peer.edge.modes import set_mode

MOST_SYNCED = 256  # files to sync one by one; with more, all buffers of the system are synced
_ALLOCATE_STEP = 64 * 1024 * 1024
_ALLOCATE_PATIENCE = 0.005  # seconds for each step of reserving; a slower file system writes zeros, so we stop


class Payload:
    """The files of one copy; `root`: the file itself, or a tree's folder. All methods raise OSError."""

    def __init__(self, manifest: Manifest, root: str, flags: int) -> None:
        self.root = root
        self._manifest = manifest
        self._layout = Layout(manifest)
        self._files = OpenFiles(self.path, flags)

    def path(self, number: int) -> str:
        """The path of the manifest's file of this number."""
        return os.path.join(self.root, self._manifest.files[number].path) if self._manifest.tree else self.root

    @property
    def paths(self) -> Iterator[str]:
        """The paths of all files, in the manifest's order."""
        return (self.path(number) for number in range(len(self._manifest.files)))

    # ---- the files

    def is_there(self) -> bool:
        """Whether all files are there with their sizes."""
        return all(size_of(path) == entry.size for path, entry in zip(self.paths, self._manifest.files))

    def held_bytes(self) -> int:
        """Bytes on the disk that these files occupy already."""
        return sum(_allocated(path) for path in self.paths)

    def create(self) -> None:
        """Make all folders and files with their sizes; existing contents stay."""
        if self._manifest.tree:
            below = [os.path.join(self.root, folder.path) for folder in self._manifest.folders]
            for path in [self.root, *below]:
                os.makedirs(path, exist_ok=True)
                set_mode(path, 0o700)  # a crash may have left the final modes, which come at the end
        for path, entry in zip(self.paths, self._manifest.files):
            _preallocate(path, entry.size)

    # ---- pieces

    def segments(self, piece: int) -> Iterator[Segment]:
        """Which bytes of which files make up a piece."""
        return self._layout.segments(piece, 0, self._layout.piece_length(piece))

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece; 0 after the last."""
        return self._layout.piece_length(piece)

    def descriptor(self, file: int) -> ContextManager[int]:
        """The descriptor of a file, kept open while the block runs."""
        return self._files.descriptor(file)

    def write(self, piece: int, begin: int, data: memoryview) -> None:
        """Write bytes into a piece's place."""
        for segment in self._layout.segments(piece, begin, len(data)):
            with self._files.descriptor(segment.file) as descriptor:
                _write_fully(descriptor, data[: segment.length], segment.offset)
            data = data[segment.length :]

    def hash_piece(self, piece: int) -> bytes:
        """SHA-256 of a piece as it lies on disk."""
        sha = hashlib.sha256()
        for file, offset, length in self.segments(piece):
            with self._files.descriptor(file) as descriptor:
                for data in read_range(descriptor, offset, length):
                    sha.update(data)
        return sha.digest()

    # ---- the end

    def sync(self) -> None:
        """Sync the files' data to the disk."""
        if len(self._manifest.files) > MOST_SYNCED:
            os.sync()
            return
        for number in range(len(self._manifest.files)):
            with self._files.descriptor(number) as descriptor:
                os.fsync(descriptor)

    def seal(self) -> None:
        """All is written: set the final modes, and sync files and folders."""
        self._files.read_only()  # the final modes may forbid opening them for writing
        for number, entry in enumerate(self._manifest.files):
            with self._files.descriptor(number) as descriptor:
                set_mode(descriptor, entry.mode)
        self.sync()
        if self._manifest.tree:
            self._seal_folders()

    def _seal_folders(self) -> None:
        for folder in sorted(self._manifest.folders, reverse=True):  # a folder after its contents
            path = os.path.join(self.root, folder.path)
            sync_folder(path)
            set_mode(path, folder.mode)
        sync_folder(self.root)
        set_mode(self.root, self._manifest.root_mode)

    def undisturbed(self) -> ContextManager[None]:
        """While the block runs no file can be opened, because the block renames the path to them."""
        return self._files.undisturbed()

    def close(self) -> None:
        """Close all files."""
        self._files.close()


def _allocated(path: str) -> int:
    try:
        return os.stat(path).st_blocks * 512
    except OSError:
        return 0


def _write_fully(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


def _preallocate(path: str, size: int) -> None:
    """Make a file of `size` bytes, and reserve its blocks if that costs nothing."""
    if os.path.exists(path):
        set_mode(path, 0o600)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        if os.fstat(descriptor).st_size == size:
            return
        os.ftruncate(descriptor, size)
        for offset in range(0, size, _ALLOCATE_STEP):
            begin = time.monotonic()
            if not _allocate(descriptor, offset, min(_ALLOCATE_STEP, size - offset)):
                return
            if time.monotonic() - begin > _ALLOCATE_PATIENCE:
                return
    finally:
        os.close(descriptor)


def _allocate(descriptor: int, offset: int, length: int) -> bool:
    """Reserve blocks; False if the system can't. Raises OSError when the disk is full."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(descriptor, offset, length)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV):
            return False
        raise
    return True

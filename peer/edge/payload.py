"""One copy of a payload on disk: its files below a root, made, read and written by pieces, synced and moved."""

from __future__ import annotations

import os
import stat
import time
from typing import ContextManager, Iterator, Optional

from peer.core.blocks import RunHash
from peer.core.layout import Segment
from peer.core.manifest import Manifest
from peer.core.repeats import Repeats
from peer.edge import finish
from peer.edge.allocating import preallocate
from peer.edge.files import OpenFiles, read_range, size_of, sync_folder, write_at
from peer.edge.holes import WORTH, clear, hash_range, write_sparsely
from peer.edge.kept import Kept
from peer.edge.kernelcopy import KernelCopy
from peer.edge.modes import set_mode
from peer.edge.smallfiles import MAKE, SmallFiles, mode_meanwhile
from peer.edge.syncfs import sync_file_system
from peer.edge.unsynced import Unsynced

MOST_SYNCED = 64  # files or folders to sync one by one; with more, their file system is synced
_SYNCING_THREADS = 8  # where that is impossible: syncs that run at the same time share their trips to the disk


class Payload:
    """The files of one copy; `root`: the file itself, or a tree's folder. All methods raise OSError.

    What is written is noted in `unsynced`.
    """

    def __init__(self, manifest: Manifest, root: str, flags: int, unsynced: Optional[Unsynced] = None) -> None:
        self.root = root
        self._unsynced = unsynced or Unsynced()
        self._manifest = manifest
        self._layout = manifest.layout
        self._sparse = manifest.parts.holes  # their zeros stay holes
        self.kept = Kept(manifest)
        self._small = SmallFiles(manifest, self.path)
        self._files = OpenFiles(self._open, flags)
        self._kernel = KernelCopy()
        self._folder: Optional[int] = None  # a tree's, opened before the first write: it hears of data that gets lost

    def path(self, number: int) -> str:
        """The path of the manifest's file of this number."""
        return f"{self.root}/{self._manifest.files.path(number)}" if self._manifest.tree else self.root

    @property
    def paths(self) -> Iterator[str]:
        """The paths of all files, in the manifest's order."""
        return self._manifest.files_at(self.root)

    # ---- the files

    def is_there(self) -> bool:
        """Whether all files are there with their sizes; of a tree without files, whether its folder is."""
        if self._manifest.tree and not os.path.isdir(self.root):
            return False
        return all(size_of(path) == size for path, size in zip(self.paths, self._manifest.files.sizes))

    def held_bytes(self) -> int:
        """Bytes on the disk that these files occupy already."""
        return sum(_allocated(path) for path in self.paths)

    def create_folders(self) -> None:
        """Make all folders."""
        if self._manifest.tree:
            below = [os.path.join(self.root, folder.path) for folder in self._manifest.folders]
            for path in [self.root, *below]:
                os.makedirs(path, exist_ok=True)
                set_mode(path, 0o700)  # a crash may have left the final modes, which come at the end
            self._folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def create_files(self, repeats: Optional[Repeats] = None) -> None:
        """Make all files with their sizes; existing contents stay. What has zeros gets no room for them.

        The small ones are made when they are first written, or read where an earlier start made them.
        """
        for number in range(len(self._manifest.files)):
            if number in self.kept:
                continue
            full = number not in self._sparse and not (repeats and repeats.any and repeats.zero_bytes(number))
            if full and self._small.is_small(number):
                self._small.expect(number)
            else:
                os.close(self._made(number, full))

    def _open(self, number: int, flags: int) -> int:
        """A new descriptor of a file, which is made if it wasn't yet."""
        if self._small.awaits(number):
            descriptor = self._made(number, full=True)
            self._small.changes(number)
            return descriptor
        only_read = os.O_RDONLY | os.O_NOFOLLOW
        return os.open(self.path(number), only_read if number in self.kept else flags)

    def _made(self, number: int, full: bool) -> int:
        """A file with its size, open; it may be there already. Mostly a new one needs no other mode."""
        files = self._manifest.files
        mode, size = mode_meanwhile(files.modes[number]), files.size_of(number)
        descriptor = self._made_or_opened(number, mode)
        try:
            info = os.fstat(descriptor)
            if stat.S_IMODE(info.st_mode) != mode:
                set_mode(descriptor, mode)
            if info.st_size != size:
                preallocate(descriptor, size, full)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _made_or_opened(self, number: int, mode: int) -> int:
        """A file, open. Another name of it that isn't the payload's own is an older version's."""
        path = self.path(number)
        try:
            return os.open(path, MAKE, mode)
        except FileExistsError:
            shared = os.lstat(path).st_nlink > 1
            if shared and self._manifest.files.path(number) not in self._manifest.parts.named:
                os.unlink(path)
                return os.open(path, MAKE, mode)
            set_mode(path, 0o600)
            return os.open(path, MAKE & ~os.O_EXCL, mode)

    # ---- pieces

    def segments(self, piece: int) -> Iterator[Segment]:
        """Which bytes of which files make up a piece."""
        return self._layout.segments(piece, 0, self._layout.piece_length(piece))

    def part_segments(self, piece: int, blocks: int) -> Iterator[Segment]:
        """Which bytes of which files make up these blocks of a piece."""
        for begin, length in self._layout.stretches(piece, blocks):
            yield from self._layout.segments(piece, begin, length)

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece; 0 after the last."""
        return self._layout.piece_length(piece)

    def block_lengths(self, piece: int) -> Iterator[int]:
        """The bytes of each block of a piece."""
        return self._layout.block_lengths(piece)

    def descriptor(self, file: int) -> ContextManager[int]:
        """The descriptor of a file, kept open while the block runs."""
        return self._files.descriptor(file)

    def write(self, piece: int, begin: int, data: memoryview) -> None:
        """Write bytes into a piece's place."""
        for segment in self._layout.segments(piece, begin, len(data)):
            since = time.monotonic()
            part = data[: segment.length]
            if not (self._small.awaits(segment.file) and self._small.make(segment.file, part)):
                self._write_at(segment, part)
            self._unsynced.waits.note(since)
            self._unsynced.wrote(segment.file, segment.length)
            data = data[segment.length :]

    def _write_at(self, segment: Segment, data: memoryview) -> None:
        descriptor = self._files.take(segment.file)
        try:
            self._small.changes(segment.file)
            write = write_sparsely if segment.file in self._sparse else write_at
            write(descriptor, data, segment.offset)
        finally:
            self._files.give(segment.file)

    def clear(self, piece: int, blocks: int) -> None:
        """Make these blocks of a piece zeros: holes, where nothing else was written."""
        for segment in self.part_segments(piece, blocks):
            with self._files.descriptor(segment.file) as descriptor:
                self._small.changes(segment.file)
                clear(descriptor, segment.offset, segment.offset + segment.length)
            self._unsynced.wrote(segment.file, 0)

    def take(self, older: "Payload", piece: int, blocks: int) -> None:
        """Copy these blocks of a piece from another copy; they have to be hashed where they are now."""
        for begin, length in self._layout.stretches(piece, blocks):
            for segment in self._layout.segments(piece, begin, length):
                with older.descriptor(segment.file) as source:
                    end = self.carry(source, segment)
                    begin += end - segment.offset
                    for data in read_range(source, end, segment.offset + segment.length - end):
                        self.write(piece, begin, memoryview(data))
                        begin += len(data)

    def carry(self, source: int, segment: Segment, only_share: bool = False) -> int:
        """Let the kernel copy these bytes of a file from a descriptor; up to which of the file it did. Unproved yet."""
        if segment.file in self._sparse or (only_share and not self._kernel.shares):  # copying fills holes
            return segment.offset
        with self._files.descriptor(segment.file) as goal:
            self._small.changes(segment.file)
            done = self._kernel.share(source, segment.offset, segment.length, goal)
            if not only_share:
                done += self._kernel.copy(source, segment.offset + done, segment.length - done, goal)
        self._unsynced.wrote(segment.file, done)
        return segment.offset + done

    def doubt(self, piece: int) -> None:
        """Somebody else wrote a piece: it may not be on the disk itself yet."""
        for segment in self.segments(piece):
            self._unsynced.wrote(segment.file, 0)

    def hash_piece(self, piece: int) -> bytes:
        """The hash of a piece as it lies on disk."""
        sha = RunHash(self.block_lengths(piece))
        for file, offset, length in self.segments(piece):
            descriptor = self._files.opened(file)
            try:
                if length < WORTH:  # where there are 100,000 files, each call counts
                    sha.update(os.pread(descriptor, length, offset))
                else:
                    hash_range(sha, descriptor, offset, length)
            finally:
                os.close(descriptor)
        return sha.digest()

    # ---- the end

    @property
    def lost(self) -> bool:
        """Whether a sync has failed."""
        return self._unsynced.lost

    def sync(self) -> None:
        """Sync to the disk what was written since the last sync. Once it has failed, it always fails."""
        with self._unsynced.taken() as files:
            if len(files) > MOST_SYNCED and self._sync_at_once():
                return
            if len(files) <= MOST_SYNCED:
                for number in files:
                    self._sync_file(number)
                return
            from concurrent.futures import ThreadPoolExecutor  # slow to load

            with ThreadPoolExecutor(_SYNCING_THREADS) as pool:
                for _ in pool.map(self._sync_file, files):
                    pass

    def _sync_at_once(self) -> bool:
        """Sync everything on the tree's file system, if the system can do that."""
        return self._folder is not None and sync_file_system(self._folder)

    def _sync_file(self, number: int) -> None:
        with self._files.descriptor(number) as descriptor:
            try:
                os.fsync(descriptor)
            except OSError as error:
                error.filename = error.filename or self.path(number)
                raise

    def seal(self) -> None:
        """All is written: set the final modes, and sync files and folders."""
        self._files.read_only()  # the final modes may forbid opening them for writing
        self.kept.confirm(self.path)
        for number, mode in enumerate(self._manifest.files.modes):
            if mode & 0o777 != mode_meanwhile(mode) and number not in self.kept:  # others have theirs already
                set_mode(self.path(number), mode)
                self._unsynced.wrote(number, 0)
        finish.add(self._manifest, self.root)
        finish.give_times(self._manifest, self.root, self._small.is_done)
        self.sync()
        if self._manifest.tree:
            self._sync_folders()
            finish.close(self._manifest, self.root)

    def _sync_folders(self) -> None:
        """Sync the names in all folders, which are open to us until they are closed."""
        with self._unsynced.taken():
            if len(self._manifest.folders) >= MOST_SYNCED and self._sync_at_once():
                return
        for folder in self._manifest.folders:
            sync_folder(os.path.join(self.root, folder.path))
        sync_folder(self.root)

    def undisturbed(self) -> ContextManager[None]:
        """While the block runs no file can be opened, because the block renames the path to them."""
        return self._files.undisturbed()

    def close(self) -> None:
        """Close all files."""
        self._files.close()
        folder, self._folder = self._folder, None
        if folder is not None:
            os.close(folder)


def _allocated(path: str) -> int:
    try:
        return os.stat(path).st_blocks * 512
    except OSError:
        return 0

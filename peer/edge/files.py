"""Small file operations that survive a crash, and a bounded set of open files."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from itertools import islice
from typing import Callable, Dict, Iterator, List, Optional, Tuple, Union

from peer.core.errors import StoreError
from peer.edge import pulse

READ_SIZE = 256 * 1024  # bytes of a file at a time
# For more at a time the system looks for memory in one piece, and a virtual machine has mostly given such back to its
# host: a GiB took 1.3 to 2.6 CPU seconds instead of 0.3.
WRITE_SIZE = 256 * 1024
MOST_OPEN = 64  # files of one payload open simultaneously


def replace_file(path: str, text: str, temporary: str) -> None:
    """Write `path` by way of a temporary path, so that a crash leaves the complete old text or the complete new one."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            write_all(descriptor, text.encode())
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_all(descriptor: int, data: Union[bytes, memoryview]) -> None:
    """Write all of `data`: a single call may write less, above all on a disk that is nearly full."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_at(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at `offset`."""
    while data:
        written = os.pwrite(descriptor, data[:WRITE_SIZE], offset)
        data = data[written:]
        offset += written


def read_range(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    """A file's bytes from `offset`, in parts; fewer than `length` where the file ends sooner."""
    while length > 0:
        data = os.pread(descriptor, min(length, READ_SIZE), offset)
        if not data:
            return
        yield data
        offset += len(data)
        length -= len(data)


def sync_folder(path: str) -> None:
    """Make names that were created or renamed in a folder survive a power cut, if the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def entries_below(root: str) -> "Iterator[Tuple[str, os.DirEntry[str]]]":
    """Everything in a tree, with its path below `root`. Links aren't followed, and a deep tree needs no deep stack."""
    left = [""]
    while left:
        below = left.pop()
        with os.scandir(os.path.join(root, below)) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir(follow_symlinks=False):
                    left.append(path)
                pulse.beat()
                yield path, entry


def size_in(files: OpenFiles, file: int) -> Optional[int]:
    """Bytes of a file; None if it can't be opened."""
    try:
        with files.descriptor(file) as descriptor:
            return os.fstat(descriptor).st_size
    except OSError:
        return None


def free_bytes(path: str) -> Optional[int]:
    """Free bytes for this user on the disk that holds `path`; None if it reports none, as ramfs and some FUSE."""
    try:
        info = os.statvfs(path)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return None
        raise
    return info.f_bavail * info.f_frsize if info.f_blocks else None


def size_of(path: str) -> Optional[int]:
    """Bytes of a regular file; None for anything else."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def disk_error(error: OSError, path: str) -> StoreError:
    """The system's error as a line with path and remedy."""
    remedy = _remedy(error)
    kept = ": stored pieces are kept" if remedy.endswith("start again") else ""
    place = error.filename2 or error.filename or path  # of a rename, the name that something shall get
    return StoreError(f"{place}: {error.strerror or error}; {remedy}{kept}")


def file_error(error: OSError, path: str) -> StoreError:
    """The same for a file that is written by way of a temporary one; the line names `path`."""
    return StoreError(f"{path}: {error.strerror or error}; {_remedy(error)}")


def _remedy(error: OSError) -> str:
    remedies = {
        errno.ENOSPC: "make room on that disk and start again",
        errno.EDQUOT: "make room within the quota and start again",
        errno.EACCES: "give this user the right to write there",
        errno.EPERM: "give this user the right to write there, and take away what protects it (`lsattr`, `chattr -i`)",
        errno.EXDEV: "it can't be renamed there (of an overlay's lower layer?): move it away by hand and start again",
        errno.EBUSY: "something is mounted there or uses it: end that and start again",
        errno.EFBIG: "raise the limit of a file's size (ulimit -f) and start again",
        errno.EMFILE: "raise the limit of open files (ulimit -n) and start again",
        errno.ENAMETOOLONG: "shorten it, or choose a file system that takes longer names",
        errno.EROFS: "mount it for writing, or choose another folder",
    }
    return remedies.get(error.errno or 0, "fix that and start again")


def by_path(path_of: Callable[[int], str]) -> Callable[[int, int], int]:
    """Opens files for `OpenFiles` that are there, by their paths."""
    return lambda number, flags: os.open(path_of(number), flags)


class OpenFiles:
    """Descriptors by file number, shared by all threads; of too many, the least lately used is closed.

    `open_one` opens a file of a number with the flags that it is given.
    """

    def __init__(self, open_one: Callable[[int, int], int], flags: int) -> None:
        self._open_one = open_one
        self._flags = flags
        self._lock = threading.Lock()
        self._open: Dict[int, int] = {}
        self._users: Dict[int, int] = {}

    @contextlib.contextmanager
    def descriptor(self, file: int) -> Iterator[int]:
        """The descriptor of a file, kept open at least while the block runs."""
        opened = self.take(file)
        try:
            yield opened
        finally:
            self.give(file)

    def take(self, file: int) -> int:
        """The descriptor of a file, kept open at least until `give`."""
        with self._lock:
            opened = self._open.pop(file, None)
            if opened is None:
                opened = self._opened(file)
            self._open[file] = opened  # now the most lately used
            self._users[file] = self._users.get(file, 0) + 1
            if len(self._open) > MOST_OPEN:
                self._close_surplus(MOST_OPEN)
        return opened

    def give(self, file: int) -> None:
        """Whoever took a file's descriptor needs it no more."""
        with self._lock:
            self._users[file] -= 1

    def opened(self, file: int) -> int:
        """A descriptor for the caller alone, who closes it: to read much in order.

        The system reads ahead by descriptor: where threads that read at several places share one, it sees no order.
        """
        with self._lock:
            return self._opened(file)

    def _opened(self, file: int) -> int:
        """A new descriptor; if the system has none left, one that isn't in use is closed for it."""
        try:
            return self._open_one(file, self._flags)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._close_surplus(0):
                raise
            return self._open_one(file, self._flags)

    def _close_surplus(self, most: int) -> int:
        """Close unused files until `most` are open; how many were closed."""
        idle = (file for file in self._open if not self._users.get(file))
        surplus = list(islice(idle, max(0, len(self._open) - most)))
        for file in surplus:
            os.close(self._open.pop(file))
            self._users.pop(file, None)
        return len(surplus)

    def read_only(self) -> None:
        """Open files for reading from now on: they have their final modes."""
        self._flags = os.O_RDONLY

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """While the block runs no file can be opened, because the block renames the path to them."""
        with self._lock:
            yield

    def close(self) -> None:
        """Close all descriptors; no thread may use them any more."""
        with self._lock:
            opened: List[int] = list(self._open.values())
            self._open.clear()
        for descriptor in opened:
            os.close(descriptor)

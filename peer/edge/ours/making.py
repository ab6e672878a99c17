"""Makes our files, folders and links: under a temporary name, then noted in the record, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import Callable

from peer.edge.ours.naming import put
from peer.edge.ours.recordfile import GROWING, ForeignError, RecordFile


def make_folder(record: RecordFile, path: str, mode: int = 0o777) -> None:
    """Make a folder, with the umask applied, unless there is one."""
    if os.path.isdir(path):
        return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    _make(record, path, lambda fresh: os.mkdir(fresh, mode))


def make_folders(record: RecordFile, path: str) -> None:
    """The same, with missing parents."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for one in reversed(missing):
        make_folder(record, one)


def make_link(record: RecordFile, goal: str, path: str) -> None:
    """Make a symbolic link. Raises FileExistsError if something has that name."""
    _make(record, path, lambda fresh: os.symlink(goal, fresh))


def make_hardlink(record: RecordFile, goal: str, path: str) -> None:
    """Make one more name of a file of ours. Raises FileExistsError if something has that name."""
    _make(record, path, lambda fresh: os.link(goal, fresh, follow_symlinks=False))


def make_file(record: RecordFile, path: str, data: bytes, mode: int = 0o644) -> None:
    """Write a file with these bytes; it may replace one of ours. Raises ForeignError if a foreign one has that name."""

    def write(fresh: str) -> None:
        with os.fdopen(_new(fresh, mode), "wb") as file:
            file.write(data)

    replace_file(record, path, write)


def replace_file(record: RecordFile, path: str, write: "Callable[[str], None]") -> None:
    """The same for a file that `write` makes at a given path; it raises if the file isn't complete."""
    need(record, path)
    fresh = record.fresh(os.path.dirname(path))
    try:
        write(fresh)
        record.made(path, fresh)
        if os.path.lexists(path):
            need(record, path)
            os.replace(fresh, path)
        else:
            put(fresh, path)
    except BaseException:
        _discard(fresh)
        raise
    record.record.work.pop(record.key(fresh), None)


def open_growing(record: RecordFile, path: str, flags: int, mode: int = 0o644) -> int:
    """A descriptor of a file that grows, made if there is none. Raises ForeignError if a foreign one has that name."""
    if not os.path.lexists(path):
        _make(record, path, lambda fresh: os.close(_new(fresh, mode)), GROWING)
    need(record, path)
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)


def need(record: RecordFile, path: str) -> None:
    """Raise ForeignError if something foreign has a name that we need."""
    if os.path.lexists(path) and not record.is_ours(path):
        raise ForeignError(path)


def _make(record: RecordFile, path: str, make: "Callable[[str], None]", kind: str = "") -> None:
    fresh = record.fresh(os.path.dirname(path))
    try:
        make(fresh)
        record.made(path, fresh, kind)
        put(fresh, path)
    except OSError as error:
        _discard(fresh)
        raise OSError(error.errno, error.strerror, path) from None  # the user doesn't know the temporary name
    record.record.work.pop(record.key(fresh), None)


def _discard(fresh: str) -> None:
    with contextlib.suppress(OSError):  # it is noted: the next sweep removes the remains
        if os.path.isdir(fresh) and not os.path.islink(fresh):
            os.rmdir(fresh)
        else:
            os.unlink(fresh)


def _new(path: str, mode: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)

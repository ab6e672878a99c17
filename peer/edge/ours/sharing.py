"""A record that several processes write, as the agents of several operators do: one that is alone shortens it.

Its file is replaced then, so who writes, or takes a lock on it, holds a lock on its folder meanwhile. Where the file
system has no locks nobody shortens it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import Iterator

from peer.edge.ours.recordfile import RecordFile
from peer.edge.ours.recordview import is_long


@contextlib.contextmanager
def unreplaced(path: str) -> Iterator[None]:
    """While the block runs, nobody replaces the record at `path`. Raises FileNotFoundError without its folder."""
    with _opened(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY) as folder:
        _lock(folder, fcntl.LOCK_SH)
        yield


def shorten_alone(path: str, owner: str) -> None:
    """Shorten a record that has become long, unless somebody writes it now, or has it locked."""
    if not is_long(path):
        return
    with _opened(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY) as folder, _opened(path, os.O_RDWR) as file:
        if not _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB) or not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return
        record = RecordFile(path, owner)
        record.compact()
        record.close()


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except OSError:  # another has it, or there are no locks here
        return False
    return True

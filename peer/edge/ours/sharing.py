"""Opens a record that several processes write, as the agents of several operators do; one alone compacts it."""

from __future__ import annotations

import fcntl
import os

from peer.edge.ours.recordfile import RecordFile


def open_shared(path: str, owner: str) -> RecordFile:
    """The record; nobody compacts it until it is closed. Raises as RecordFile does."""
    _compact_alone(path, owner)
    while True:
        record = RecordFile(path, owner)
        _lock(record, fcntl.LOCK_SH)
        if _is_in_place(record):
            return record
        record.close()  # it was compacted since, and its file has no name any more


def _compact_alone(path: str, owner: str) -> None:
    """Compact a record that has become long, unless somebody else writes it now."""
    locked = RecordFile(path, owner)
    try:
        if locked.is_long and _lock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB) and _is_in_place(locked):
            record = RecordFile(path, owner)  # with what was written before we had the lock
            record.compact()
            record.close()
    finally:
        locked.close()


def _is_in_place(record: RecordFile) -> bool:
    try:
        return os.path.samestat(os.lstat(record.path), os.fstat(record.descriptor))
    except FileNotFoundError:
        return False


def _lock(record: RecordFile, how: int) -> bool:
    try:
        fcntl.flock(record.descriptor, how)
    except OSError:  # another has it, or this file system has no locks
        return False
    return True

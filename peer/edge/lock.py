"""The lock that a peer holds while it lives. Another process that gets its ID later can't be mistaken for it.

Some file systems have no `flock` (Lustre without an option, NFS without its lock daemon, some FUSE). There the lock
file's text is the lock: the process ID with the process's start and this boot of the machine, which no other process
shares.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import Optional

from peer.core import folder as names
from peer.core.errors import BusyError
from peer.edge.files import disk_error

_TEXT_BYTES = 160
_DEAD = (b"Z", b"X")  # it has ended, and its parent hasn't waited for it yet


class Lock:
    """Held from construction until `release` or the end of the process. Raises BusyError, StoreError."""

    def __init__(self, folder: str, peer: int) -> None:
        self._path = os.path.join(folder, names.lock(peer))
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                self._flocks = self._take(peer)
                self._write(str(os.getpid()) if self._flocks else _mark(os.getpid()))
            except BaseException:
                os.close(self._descriptor)
                raise
        except OSError as error:
            raise disk_error(error, self._path) from None

    def _take(self, peer: int) -> bool:
        """Take the lock; returns whether `flock` worked. Raises BusyError, OSError."""
        got = _flock(self._descriptor)
        text = _read(self._descriptor)
        if got is False or (got is None and _living(text) is not None):
            pid = text.partition(" ")[0]
            raise BusyError(f"{self._path}: peer {peer} runs here already (pid {pid}); stop that one first")
        return bool(got)

    def _write(self, text: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{text}\n".encode(), 0)

    def release(self) -> None:
        """Let the next peer run here. The file stays: removing it would race with a process that is opening it."""
        if not self._flocks:
            with contextlib.suppress(OSError):  # the process ends soon, and the text counts no longer
                os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _flock(descriptor: int) -> Optional[bool]:
    """Try for a second, because `holder` takes the lock for a moment; None: this file system has no locks."""
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:
            return None
    return False


def holder(folder: str, peer: int) -> Optional[int]:
    """The process ID of the peer that runs here; None if none does."""
    try:
        descriptor = os.open(os.path.join(folder, names.lock(peer)), os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        pid = _read(descriptor).partition(" ")[0]
        return int(pid) if pid.isdigit() else 0
    except OSError:
        return _living(_read(descriptor))
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> str:
    return os.pread(descriptor, _TEXT_BYTES, 0).decode("ascii", "replace").strip()


def _living(text: str) -> Optional[int]:
    """The process that a lock file's text names, if it still lives; None if not."""
    pid = text.partition(" ")[0]
    return int(pid) if pid.isdigit() and _mark(int(pid)) == text else None


def _mark(pid: int) -> str:
    """The unique identity of a process: its ID, its start in ticks since boot, and the boot's ID."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, *fields = file.read().rpartition(b")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return "" if state in _DEAD else f"{pid} {fields[18].decode()} {file.read().strip()}"
    except (OSError, IndexError):
        return str(pid) if _answers(pid) else ""


def _answers(pid: int) -> bool:
    """Whether a process of that ID lives, on systems without /proc."""
    try:
        os.kill(pid, 0)
        return pid > 0
    except OSError as error:
        return isinstance(error, PermissionError)

"""Tells whether a peer lives, by its lock file: a pid may be another's by now, a lock can't."""

from __future__ import annotations

import fcntl
import os
import time
from typing import Dict, Iterable, Optional

from deploy.agent import paths

_TEXT_BYTES = 160
_DEAD = (b"Z", b"X")  # it has ended, and nobody has asked how yet


def holder(home: str, peer: int) -> Optional[int]:
    """The living peer's process ID (0: it hasn't written it yet); None where it doesn't live."""
    try:
        handle = os.open(paths.lock_path(home, peer), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = _read(handle).partition(" ")[0]
        return int(pid) if pid.isdigit() else 0
    except OSError:  # a file system without locks: there the text is the lock, see peer/edge/lock.py
        return _named(_read(handle))
    finally:
        os.close(handle)  # gives the lock back, had we got it
    return None


def _read(handle: int) -> str:
    return os.pread(handle, _TEXT_BYTES, 0).decode("ascii", "replace").strip()


def _named(text: str) -> Optional[int]:
    """The process that a lock file's text names, if it still lives; None if not."""
    pid = text.partition(" ")[0]
    return int(pid) if pid.isdigit() and _mark(int(pid)) == text else None


def _mark(pid: int) -> str:
    """A process as no other is, as the peer writes it: its ID, its start in ticks since boot, and the boot's ID."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, *fields = file.read().rpartition(b")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return "" if state in _DEAD else f"{pid} {fields[18].decode()} {file.read().strip()}"
    except (OSError, IndexError):
        return str(pid) if _answers(pid) else ""


def _answers(pid: int) -> bool:
    """Whether a process of that ID lives, where there is no /proc to ask for more."""
    try:
        os.kill(pid, 0)
        return pid > 0
    except OSError as error:
        return isinstance(error, PermissionError)


def living(home: str, peers: Iterable[int]) -> Dict[int, int]:
    """Those of `peers` that live, with their process IDs."""
    found = ((peer, holder(home, peer)) for peer in peers)
    return {peer: pid for peer, pid in found if pid is not None}


def wait_free(home: str, peers: Iterable[int], until: float) -> Dict[int, int]:
    """Wait until none of `peers` lives, or until the monotonic clock says `until`; those that still live."""
    left = living(home, peers)
    while left and time.monotonic() < until:
        time.sleep(0.02)  # there is no way to wait for somebody else's lock with a deadline
        left = living(home, left)
    return left

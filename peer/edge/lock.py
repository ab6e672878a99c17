"""The lock that a peer holds while it lives: whoever asks the lock can't mistake another process for it."""

from __future__ import annotations

import fcntl
import os
import time
from typing import Optional

from peer.core import folder as names
from peer.core.errors import BusyError
from peer.edge.files import disk_error


class Lock:
    """Held from construction until `release` or the end of the process. Raises BusyError, StoreError."""

    def __init__(self, folder: str, peer: int) -> None:
        path = os.path.join(folder, names.lock(peer))
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise disk_error(error, path) from None
        if not _take(self._descriptor):
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise BusyError(f"{path}: peer {peer} runs here already (pid {holder}); stop that one first") from None
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise disk_error(error, path) from None

    def release(self) -> None:
        """Let the next peer run here. The file stays: removing it would race with whoever opens it now."""
        os.close(self._descriptor)


def _take(descriptor: int) -> bool:
    """Take the lock; a second's tries, because whoever asks `holder` holds it for a moment."""
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05)
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
    except OSError:
        text = os.pread(descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)

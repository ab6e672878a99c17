"""Tells whether a peer lives, by its lock file: a pid may be another's by now, a lock can't."""

from __future__ import annotations

import fcntl
import os
import time
from typing import Dict, Iterable, Optional

from deploy.agent import paths


def holder(home: str, peer: int) -> Optional[int]:
    """The living peer's process ID (0: it hasn't written it yet); None where it doesn't live."""
    try:
        handle = os.open(paths.lock_path(home, peer), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(handle, 32).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(handle)  # gives the lock back, had we got it
    return None


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

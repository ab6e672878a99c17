"""Tells whether a peer lives, by its lock file: a process ID may be reused, a lock isn't."""

from __future__ import annotations

import os
import time
from typing import Dict, Iterable

from peer.edge.lock import holder

__all__ = ["holder", "living", "wait_free"]


def living(home: str, peers: Iterable[int]) -> Dict[int, int]:
    """Those of `peers` that live, with their process IDs (0: it hasn't written it yet)."""
    found = ((peer, holder(home, peer)) for peer in peers)
    return {peer: pid for peer, pid in found if pid is not None}


def working(home: str, peers: Iterable[int]) -> Dict[int, int]:
    """Those of `peers` that live and are processes of this machine; none where that can't be told.

    A folder on a shared disk has locks of other machines too, whose process IDs mean something else here.
    """
    return {peer: pid for peer, pid in living(home, peers).items() if _works_in(home, pid)}


def _works_in(home: str, pid: int) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", home)
    except OSError:
        return False


def wait_free(home: str, peers: Iterable[int], until: float) -> Dict[int, int]:
    """Wait until none of `peers` lives, or until the monotonic clock says `until`; those that still live."""
    left = living(home, peers)
    while left and time.monotonic() < until:
        time.sleep(0.02)  # there is no way to wait for somebody else's lock with a deadline
        left = living(home, left)
    return left

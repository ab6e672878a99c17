"""What this machine may carry for the hosts of a swarm that only SSH reaches: a budget in a folder of its own.

It is the same file as a host's peers share, so another command changes it while this one carries.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from peer.core import folder as names
from peer.edge.capfile import set_caps
from peer.edge.throttle import Budget, Meter


@contextlib.contextmanager
def carrying(folder: Path, rate: float) -> Iterator[Meter]:
    """While the body carries, at so many bytes a second (0: any number), `change` may be called for this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        _write(folder, rate)
        yield Budget(str(folder)).up


def change(folder: Path, rate: float) -> bool:
    """Let whoever carries there carry so much from now on; False: nobody does."""
    try:
        with _opened(folder) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        _write(folder, rate)
        return True


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def _write(folder: Path, rate: float) -> None:
    handle = os.open(folder / names.BUDGET, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        set_caps(handle, rate, None)
    finally:
        os.close(handle)

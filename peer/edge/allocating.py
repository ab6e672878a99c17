"""Gives a file its size, and reserves the room on the disk where that costs nothing."""

from __future__ import annotations

import errno
import os
import time

_STEP = 64 * 1024 * 1024
_PATIENCE = 0.005  # seconds for each step of reserving; a slower file system writes zeros, so we stop


def preallocate(descriptor: int, size: int, reserve: bool) -> None:
    """Give a file `size` bytes, and `reserve` its blocks if that costs nothing."""
    os.ftruncate(descriptor, size)
    for offset in range(0, size if reserve else 0, _STEP):
        begin = time.monotonic()
        if not _allocate(descriptor, offset, min(_STEP, size - offset)):
            return
        if time.monotonic() - begin > _PATIENCE:
            return


def _allocate(descriptor: int, offset: int, length: int) -> bool:
    """Reserve blocks; False if the system can't. Raises OSError when the disk is full."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(descriptor, offset, length)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV):
            return False
        raise
    return True

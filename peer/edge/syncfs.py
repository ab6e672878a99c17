"""Syncs one file system with one call: for trees of many small files, each of which would cost a call of its own."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
from typing import Any, Callable, Optional, Tuple

_HONEST = (5, 8)  # the first Linux whose call tells of data that could not be written
_CANT = (errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP)


def sync_file_system(descriptor: int) -> bool:
    """Sync the file system of an open file or folder; False if the system can't, or would hide failures.

    Raises OSError if data was lost on it since the descriptor was opened.
    """
    call = _call()
    if call is None:
        return False
    failed = call(descriptor)
    if failed and failed not in _CANT:
        raise OSError(failed, os.strerror(failed))
    return not failed


@functools.lru_cache(maxsize=1)
def _call() -> "Optional[Callable[[int], int]]":
    """The system's call, which returns an error number; None if it has none that is honest."""
    if not sys.platform.startswith("linux") or _release() < _HONEST:
        return None
    try:
        import ctypes  # slow to load, and missing from some Pythons

        library: Any = ctypes.CDLL(None, use_errno=True)
        syncfs = library.syncfs
    except (ImportError, OSError, AttributeError):
        return None
    return lambda descriptor: syncfs(descriptor) and ctypes.get_errno()


def _release() -> Tuple[int, ...]:
    return tuple(int(number) for number in re.findall("[0-9]+", os.uname().release)[:2])

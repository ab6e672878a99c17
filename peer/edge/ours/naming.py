"""Gives a complete thing its final name atomically: without replacing anything, or in exchange for what has it."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import stat
import sys
from typing import Any, Callable, Optional

_NOREPLACE, _EXCHANGE = 1, 2  # of Linux' renameat2
_EXCL, _SWAP = 4, 2  # of macOS' renamex_np
_AT_FDCWD = -100
_CANT = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM)


def put(source: str, final: str) -> None:
    """Rename. Raises FileExistsError if something has the final name already."""
    if _renamed(source, final, _EXCL if sys.platform == "darwin" else _NOREPLACE):
        return
    if not stat.S_ISDIR(os.lstat(source).st_mode):
        with contextlib.suppress(_NoLinks):
            _link(source, final)
            os.unlink(source)
            return
    if os.path.lexists(final):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), final)
    os.rename(source, final)


def exchange(one: str, other: str) -> bool:
    """Exchange the names of two things on one file system atomically; False if the system can't."""
    return _renamed(one, other, _SWAP if sys.platform == "darwin" else _EXCHANGE)


class _NoLinks(Exception):
    """This file system has no hard links."""


def _link(source: str, final: str) -> None:
    try:
        os.link(source, final, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        raise _NoLinks from None


def _renamed(source: str, final: str, flags: int) -> bool:
    call = _call()
    if call is None:
        return False
    failed = call(os.fsencode(source), os.fsencode(final), flags)
    if failed in _CANT:
        return False
    if failed:
        raise OSError(failed, os.strerror(failed), final)
    return True


@functools.lru_cache(maxsize=1)
def _call() -> "Optional[Callable[[bytes, bytes, int], int]]":
    """The system's rename with flags, which returns an error number; None if it has none."""
    try:
        import ctypes  # slow to load, and missing from some Pythons

        library: Any = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            rename = library.renamex_np
            return lambda source, final, flags: rename(source, final, flags) and ctypes.get_errno()
        rename = library.renameat2
    except (ImportError, OSError, AttributeError):
        return None
    return lambda source, final, flags: rename(_AT_FDCWD, source, _AT_FDCWD, final, flags) and ctypes.get_errno()

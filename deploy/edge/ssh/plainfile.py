"""Keeps us from waiting for ever on a pipe or a socket that lies where a file of keys belongs."""

from __future__ import annotations

import errno
import os
import stat


def refuse_pipe(path: str | os.PathLike[str]) -> None:
    """Raises OSError where `path` is a pipe or a socket, or isn't there."""
    mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a socket, not a file", os.fspath(path))

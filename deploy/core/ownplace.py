"""What an operator is told where this very machine refuses Weft something: its words, the place, what to do next."""

from __future__ import annotations

import errno

from peer.core.errors import system_words

_ROOM = "make room there, or run it in another folder"
_RIGHTS = "run it in a folder that you may write to"
_WAY = "move away what stands in the way, or run it in another folder"
_NEXT = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "allow larger files here: ulimit -f",
    errno.EMFILE: "allow more open files here: ulimit -n 4096",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.ENOTDIR: _WAY,
    errno.EEXIST: _WAY,
    errno.EISDIR: _WAY,
}


def is_refusal(error: OSError) -> bool:
    """Whether it is about a file or a limit of this machine, and not about a connection."""
    return error.errno in _NEXT or bool(error.filename)


def refused_here(error: OSError, place: str = "") -> tuple[str, str]:
    """(problem, next step). `place`: where it probably was, as most errors in writing don't name it."""
    where = str(error.filename or place)
    return f"on this machine: {system_words(error)}{where and f': {where}'}", _NEXT.get(error.errno or 0, "")

"""Tells a system that gives this process no more threads or memory: one line, with what to raise."""

from __future__ import annotations

from typing import Optional, Union

from peer.core.errors import WeftError


def limit_error(error: Union[RuntimeError, MemoryError]) -> Optional[WeftError]:
    """The error as a line for a person; None where it is no limit of the system."""
    if isinstance(error, MemoryError):
        return WeftError("this process gets no more memory; free some, or raise its limit (ulimit -v), and start again")
    if "start new thread" not in str(error):  # Python has no class of its own for that
        return None
    return WeftError(
        "this process may start no more threads; raise its limits (ulimit -u and -v, or TasksMax of a service)"
        " and start again"
    )

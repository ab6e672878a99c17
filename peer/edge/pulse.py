"""The pulse of long walks through files: each thing that is come across is told to whoever listens in this process."""

from __future__ import annotations

from typing import Callable


def _nobody(_count: int) -> None:
    pass


_listener: Callable[[int], object] = _nobody


def listen(listener: Callable[[int], object]) -> None:
    """From now on call `listener` at each beat with how many things it is for, in the thread that walks."""
    global _listener
    _listener = listener


def beat(count: int = 1) -> None:
    """So many more files or folders were come across."""
    _listener(count)

"""The pulse of long walks through files: each thing that is come across is told to whoever listens in this process."""

from __future__ import annotations

from typing import Callable


def _nobody() -> None:
    pass


_listener: Callable[[], object] = _nobody


def listen(listener: Callable[[], object]) -> None:
    """From now on call `listener` at each beat, in the thread that walks."""
    global _listener
    _listener = listener


def beat() -> None:
    """One more file or folder was come across."""
    _listener()

"""Lets threads do work one after another that is mostly Python's own, and side by side where it waits for a disk.

To open, read and hash a small file costs what is done in Python. Threads that do that fight for the interpreter: two of
them took twice the CPU time of one, and no less time. But where the bytes come from a disk, each wait is for one file.
"""

from __future__ import annotations

import threading
from typing import Callable, TypeVar

T = TypeVar("T")

try:
    from resource import RUSAGE_THREAD, getrusage
except ImportError:  # this system doesn't tell it of a thread

    def _blocks_read() -> int:
        return -1
else:

    def _blocks_read() -> int:
        """What this thread has had a disk read so far."""
        return int(getrusage(RUSAGE_THREAD).ru_inblock)


class Lane:
    """One at a time, as long as the last one found all that it needed in the system's memory."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waits = _blocks_read() < 0  # for a disk, or nobody knows

    def run(self, work: Callable[[], T]) -> T:
        """Do it when it is its turn."""
        if not self._waits:
            with self._turn:
                if not self._waits:
                    return self._watched(work)
        return self._watched(work)

    def _watched(self, work: Callable[[], T]) -> T:
        before = _blocks_read()
        made = work()
        self._waits = before < 0 or _blocks_read() > before
        return made

"""Counts what a verb gets done, and tells its operator about once a second while it goes forward."""

from __future__ import annotations

import threading
import time
from typing import Callable

from deploy.agent import clocks
from peer.core.mark import FILES, Mark


class Meter:
    """How far a request is. For any thread; `send` is called in one at a time, and by what goes forward only."""

    def __init__(self, doing: str, send: Callable[[Mark], object]) -> None:
        self.mark = Mark(doing, 0, 0, FILES)
        self._send = send
        self._lock = threading.Lock()
        self._told = self._moved = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since anything went forward."""
        return time.monotonic() - self._moved

    def begin(self, doing: str, size: int = 0, unit: str = FILES) -> None:
        """From now on count something else: `size` of it in all, 0 if nobody knows."""
        with self._lock:
            self.mark = Mark(doing, 0, size, unit)
            self._moved = time.monotonic()
            self._tell()

    def file(self, count: int = 1) -> None:
        """So many more files were come across; a sign of life where it isn't files that are counted."""
        self.add(count if self.mark.unit == FILES else 0)

    def expect(self, size: int) -> None:
        """It is known by now how much there is in all."""
        with self._lock:
            self.mark = self.mark._replace(size=size)

    def part(self) -> Callable[..., None]:
        """A function that is told how much of one part is done; the parts add up to what is done.

        It may be told too how much all of them are.
        """
        before = 0

        def reach(done: int, size: int = 0) -> None:
            nonlocal before
            if size:
                self.expect(size)
            before, more = done, done - before
            self.add(more)

        return reach

    def add(self, count: int) -> None:
        """So much more is done."""
        with self._lock:
            self.mark = self.mark._replace(done=self.mark.done + count)
            self._moved = time.monotonic()
            if self._moved - self._told >= clocks.TELL:
                self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        self._send(self.mark)

"""What watchers of a page wait for: always the latest state alone, so that one that sleeps costs nothing."""

from __future__ import annotations

import threading
import time


class Feed:
    """One thread puts states, any number of watchers wait for them."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._number = 0
        self._state = b""
        self._watchers = 0
        self.over = False

    @property
    def watched(self) -> bool:
        """Whether somebody looks."""
        return self._watchers > 0

    def put(self, state: bytes, over: bool = False) -> None:
        """This is the latest state, and the last one if it is `over`."""
        with self._news:
            self._number += 1
            self._state, self.over = state, over
            self._news.notify_all()

    def join(self, most: int) -> bool:
        """A watcher comes; False if there are too many."""
        with self._news:
            if self._watchers >= most:
                return False
            self._watchers += 1
            return True

    def leave(self) -> None:
        """A watcher goes."""
        with self._news:
            self._watchers -= 1
            self._news.notify_all()

    def wait(self, seen: int, seconds: float) -> "tuple[int, bytes]":
        """The number of the latest state and the state, as soon as there is one after `seen`, or after `seconds`."""
        with self._news:
            self._news.wait_for(lambda: self._number > seen or self.over, seconds)
            return self._number, self._state

    def part(self, seconds: float) -> None:
        """Give the watchers so long to take the last state."""
        deadline = time.monotonic() + seconds
        with self._news:
            self._news.wait_for(lambda: not self._watchers, max(0.0, deadline - time.monotonic()))

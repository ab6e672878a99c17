"""How long this machine's disk held a peer up: the time in which a thread of it waited for a write, or for a sync."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Iterator, List, Tuple

SHORTEST = 0.02  # seconds: whoever waits less long may as well have waited for the interpreter
_MOST_SPANS = 64  # that are compared with what comes


class DiskWait:
    """Waits of several threads at the same time count once. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: List[Tuple[float, float]] = []  # the latest waits, joined where they overlap
        self._before = 0.0  # seconds of those that aren't kept any more

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """The block waits for the disk."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.note(begin)

    def note(self, begin: float) -> None:
        """A wait ends that began then, by the steady clock."""
        end = time.monotonic()
        if end - begin < SHORTEST:
            return
        with self._lock:
            apart = [span for span in self._spans if span[1] < begin or span[0] > end]
            joined = [span for span in self._spans if not (span[1] < begin or span[0] > end)]
            apart.append((min([begin, *(span[0] for span in joined)]), max([end, *(span[1] for span in joined)])))
            for first, last in apart[:-_MOST_SPANS]:
                self._before += last - first
            self._spans = apart[-_MOST_SPANS:]

    @property
    def seconds(self) -> float:
        """So far."""
        with self._lock:
            return self._before + sum(last - first for first, last in self._spans)

"""What a peer tells its operator on standard error."""

from __future__ import annotations

import sys
import threading
import time

from peer.core.errors import format_words

_TELL_SECONDS = 0.3


def say(name: str, words: str) -> None:
    """Print one line that `peer.core.errors.parse_words` reads."""
    print(format_words(name, words), file=sys.stderr, flush=True)


class Counter:
    """Tells how many bytes are done, now and then, as a number in a line of its own. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = 0
        self._told = time.monotonic()

    def add(self, size: int) -> None:
        """So many more are done."""
        with self._lock:
            self._done += size
            if time.monotonic() - self._told >= _TELL_SECONDS:
                self._told = time.monotonic()
                print(self._done, file=sys.stderr, flush=True)

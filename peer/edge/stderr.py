"""A peer's messages to its operator, on standard error."""

from __future__ import annotations

import os
import sys
import threading
import time

from peer.core.errors import format_words
from peer.core.mark import Sign, format_sign

_TELL_SECONDS = 0.3
_ERASE = "\r\x1b[K"  # go to the start of the line and clear it


_lock = threading.Lock()
_showing = False  # a line that the next one replaces


def report(name: str, words: str) -> None:
    """Print one line, in the form that `peer.core.errors.parse_words` reads."""
    global _showing
    with _lock:
        before = _ERASE if _showing else ""
        _showing = False
        print(before + format_words(name, words), file=sys.stderr, flush=True)


def width() -> int:
    """Columns of the terminal at standard error; 0 if that is no terminal."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError):
        return 0


def show(line: str) -> None:
    """Show a line in place of the one shown before; only on a terminal."""
    global _showing
    with _lock:
        _showing = True
        print(f"{_ERASE}{line}", end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """Keep the line that is shown."""
    global _showing
    with _lock:
        if _showing:
            print(file=sys.stderr, flush=True)
        _showing = False


class Counter:
    """Prints now and then how many bytes are done, as a line of its own. For any thread.

    `size`: of how many in all, 0 as long as that isn't known.
    """

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()
        self._done = 0
        self._told = time.monotonic()

    def add(self, size: int) -> None:
        """Count `size` more bytes; 0 is a sign of life."""
        with self._lock:
            self._done += size
            if time.monotonic() - self._told >= _TELL_SECONDS:
                self._told = time.monotonic()
                print(format_sign(Sign(self._done, self.size)), file=sys.stderr, flush=True)

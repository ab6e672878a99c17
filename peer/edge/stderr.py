"""What a peer tells its operator on standard error."""

from __future__ import annotations

import os
import sys
import threading
import time

from peer.core.errors import format_words

_TELL_SECONDS = 0.3
_ERASE = "\r\x1b[K"  # to the line's begin, then all of it


_lock = threading.Lock()
_showing = False  # a line that the next one replaces


def say(name: str, words: str) -> None:
    """Print one line that `peer.core.errors.parse_words` reads."""
    global _showing
    with _lock:
        before = _ERASE if _showing else ""
        _showing = False
        print(before + format_words(name, words), file=sys.stderr, flush=True)


def width() -> int:
    """Columns of the terminal that standard error is; 0 where it is none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns if sys.stderr.isatty() else 0
    except (OSError, ValueError):
        return 0


def show(line: str) -> None:
    """Show a line in place of the one that was shown before; for a terminal only."""
    global _showing
    with _lock:
        _showing = True
        print(f"{_ERASE}{line}", end="", file=sys.stderr, flush=True)


def end_line() -> None:
    """Let the line that is shown stay."""
    global _showing
    with _lock:
        if _showing:
            print(file=sys.stderr, flush=True)
        _showing = False


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

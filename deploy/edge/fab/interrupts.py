"""Ctrl-C, TERM, a closed terminal: the first interrupts, the second waits for the clean-up, the third ends."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from peer.core.errors import EXIT_INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 3


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """While the body runs, the first signal raises KeyboardInterrupt in it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    count = 0

    def on_signal(*_: object) -> None:
        nonlocal count
        count += 1
        if count == 1:
            raise KeyboardInterrupt
        if count >= _PATIENCE:
            os._exit(EXIT_INTERRUPTED)
        os.write(sys.stderr.fileno(), b"tidying up; once more to leave immediately\n")

    before = [signal.signal(number, on_signal) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before):
            signal.signal(number, signal.SIG_IGN if count else handler)

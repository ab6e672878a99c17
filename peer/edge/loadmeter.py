"""What this machine did for a peer so far: CPU time, and how long ready threads of it waited for a CPU."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Dict

_THREADS = "/proc/self/task"  # Linux alone tells of threads that wait


class LoadMeter:
    """One thread reads it, again and again."""

    def __init__(self) -> None:
        self._began = time.process_time()
        self._looked = time.monotonic()
        self._delays: Dict[str, int] = {}  # by thread, nanoseconds so far
        self._queued = 0.0
        self.queued()

    def cpu(self) -> float:
        """Seconds that all threads have computed."""
        return time.process_time() - self._began

    def queued(self) -> float:
        """Seconds that threads had to wait for a CPU that others used: since the last call, those of the thread that
        waited longest."""
        now, delays = time.monotonic(), _delays()
        waits = (delay - self._delays.get(thread, 0) for thread, delay in delays.items())
        self._queued += min(max(waits, default=0) / 1e9, now - self._looked)
        self._looked, self._delays = now, delays
        return self._queued


def _delays() -> Dict[str, int]:
    found = {}
    with contextlib.suppress(OSError):
        for thread in os.listdir(_THREADS):
            with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended, or the system doesn't count
                found[thread] = int(_read(f"{_THREADS}/{thread}/schedstat").split()[1])
    return found


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)

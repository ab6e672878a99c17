"""Hashes in a thread of its own while another one writes: for a large piece while no other is arriving.

A single fast connection is limited by its reader, which receives, hashes and writes in turn. With many connections the
cores are busy anyway, and handing data to another thread would only cost; so it would for parts below about a MiB.
"""

from __future__ import annotations

import queue
import threading
from typing import Optional, Tuple

from peer.core.blocks import RunHash

Job = Tuple[RunHash, memoryview, threading.Lock]


class Hasher:
    """One thread, started when it is first needed; `close` ends it."""

    def __init__(self) -> None:
        self._jobs: "queue.SimpleQueue[Optional[Job]]" = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self._starting = threading.Lock()

    def update(self, sha: RunHash, data: memoryview) -> threading.Lock:
        """Add `data` to a hash. Returns a lock that is free once that is done; until then `data` mustn't change."""
        done = threading.Lock()
        done.acquire()
        self._start()
        self._jobs.put((sha, data, done))
        return done

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="hasher", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        for sha, data, done in iter(self._jobs.get, None):
            sha.update(data)
            done.release()

    def close(self) -> None:
        """End the thread once it has hashed all its data."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread:
            self._jobs.put(None)
            thread.join()

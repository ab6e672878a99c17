"""What was written to a payload and isn't on the disk itself yet: in which files, how much, and who waits for it."""

from __future__ import annotations

import contextlib
import threading
from typing import Callable, Iterator, List, Optional, Set

from peer.edge.diskwait import DiskWait

MIB = 1024 * 1024
SYNC_BYTES = 16 * MIB  # it is time to sync when so much was written ...
SYNC_SECONDS = 5.0  # ... or after so long
AHEAD_BYTES = 256 * MIB  # how far writers may be ahead of the disk; then each waits before its next piece ...
WAIT_SECONDS = 1.0  # ... at most so long: a neighbour takes whoever is silent for longer for lost


class Unsynced:
    """One thread syncs at a time; `waits`: how long others waited for that. Methods may be called from any thread."""

    def __init__(self) -> None:
        self.waits = DiskWait()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._files: Set[int] = set()
        self._written = 0  # bytes since the last sync began
        self._syncing = 0  # bytes in the sync that is under way
        self._watched = False  # whether a thread syncs whenever it is time
        self._released = False
        self._failure: Optional[OSError] = None

    # ---- writers

    def wrote(self, file: int, length: int) -> None:
        """Bytes were written to a file; to be called afterwards, else a sync might miss them."""
        with self._lock:
            self._files.add(file)
            before, self._written = self._written, self._written + length
            if before < SYNC_BYTES <= self._written:
                self._changed.notify_all()

    def await_disk(self) -> None:
        """Wait for a disk that is too far behind, if a thread is at work on that."""
        if self._behind():
            with self.waits.counted(), self._changed:
                self._changed.wait_for(lambda: not self._behind(), WAIT_SECONDS)

    def _behind(self) -> bool:
        return self._watched and self._written + self._syncing > AHEAD_BYTES

    # ---- the one that syncs

    def watch(self, sync: Callable[[], None]) -> None:
        """Call `sync` whenever it is time, until `release`; writers may be made to wait meanwhile."""
        with self._changed:
            self._watched = not self._released
        try:
            while self._await_time():
                sync()
        finally:
            self.release()

    def _await_time(self) -> bool:
        """Wait until it is time to sync; False after `release`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._watched or self._written >= SYNC_BYTES, SYNC_SECONDS)
            return self._watched

    def release(self) -> None:
        """`watch` ends, or doesn't begin, and no writer needs to wait any more."""
        with self._changed:
            self._watched, self._released = False, True
            self._changed.notify_all()

    @property
    def lost(self) -> bool:
        """Whether a sync has failed."""
        return self._failure is not None

    @contextlib.contextmanager
    def taken(self) -> Iterator[List[int]]:
        """The files to sync in the block. Raises the OSError of an earlier block again: the system tells of lost data
        once, and the next sync would succeed without it."""
        with self._changed:
            if self._failure:
                raise self._failure
            files, self._files = sorted(self._files), set()
            self._syncing, self._written = self._written, 0
        try:
            yield files
        except OSError as error:
            self._failure = error
            raise
        finally:
            with self._changed:
                self._syncing = 0
                self._changed.notify_all()

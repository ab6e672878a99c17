"""Has the disk write while a file's bytes still come, so that its last sync is short however long the file is."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Callable, Iterator, List, Optional

PART = 64 * 1024 * 1024  # bytes; twice as many at most aren't on the disk yet


@contextlib.contextmanager
def written_back(descriptor: int) -> Iterator[Callable[[int], None]]:
    """While the body writes to a file, it tells the sizes to the given function, which waits for a disk that is behind.

    All is on the disk after the body. Raises OSError where the disk fails.
    """
    fresh = 0
    before: Optional[_Sync] = None

    def wrote(size: int) -> None:
        nonlocal fresh, before
        fresh += size
        if fresh < PART:
            return
        if before is not None:
            before.wait()
        before, fresh = _Sync(descriptor), 0

    try:
        yield wrote
    finally:
        if before is not None:
            before.join()
    if before is not None:
        before.wait()
    os.fsync(descriptor)


class _Sync(threading.Thread):
    """One sync in a thread of its own, not a pool's: that takes 5 ms to load, and few files are that long."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="write-back")
        self._descriptor = descriptor
        self._failed: List[OSError] = []
        self.start()

    def wait(self) -> None:
        """Until it is done. Raises OSError."""
        self.join()
        for error in self._failed:
            raise error

    def run(self) -> None:
        """The thread's body."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._failed.append(error)

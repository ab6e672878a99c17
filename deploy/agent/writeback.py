"""Has the disk write while a file's bytes still come, so that its last sync is short however long the file is."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Iterator, Optional

PART = 64 * 1024 * 1024  # bytes; twice as many at most aren't on the disk yet


@contextlib.contextmanager
def written_back(descriptor: int) -> Iterator[Callable[[int], None]]:
    """While the body writes to a file, it tells the sizes to the given function, which waits for a disk that is behind.

    All is on the disk after the body. Raises OSError where the disk fails.
    """
    fresh = 0
    before: "Optional[Future[None]]" = None

    def wrote(size: int) -> None:
        nonlocal fresh, before
        fresh += size
        if fresh < PART:
            return
        if before is not None:
            before.result()
        before, fresh = hand.submit(os.fsync, descriptor), 0

    with ThreadPoolExecutor(1, thread_name_prefix="write-back") as hand:
        yield wrote
        if before is not None:
            before.result()
    os.fsync(descriptor)

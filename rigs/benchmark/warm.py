"""Touches the memory that a run's copies will lie in, and keeps the machine from giving it away meanwhile.

Copies on a disk lie in memory too, as the system's page cache, until the disk has them and long after.

A virtual machine may give memory that nobody uses back to its host, in blocks of some MiB, within seconds; and to get
a page again can cost more than all that is measured. So all of it is touched, and let go of but for a page here and
there: what lies between them is free for the run, and a block no longer.
"""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from typing import ContextManager, Iterator

from rigs import workfolder

BLOCK = 1 << 20  # bytes from one page that is kept to the next: less than any block that is given back
# Of what lies between two kept pages, the system takes 256 KiB at a time for the page cache of a file that is written:
# a quarter is in smaller parts.
CACHED = 4 / 3


def cache(count: int, disk: bool) -> ContextManager[None]:
    """Memory for files of `count` bytes, on a `disk` for their page cache."""
    return touched(int(count * CACHED) if disk else count)


@contextmanager
def touched(count: int) -> Iterator[None]:
    """`count` bytes of memory that are free and at hand, fewer where there are not so many."""
    count = min(count, workfolder.memory_room()) // BLOCK * BLOCK
    if count <= 0:
        yield
        return
    with mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        if hasattr(mmap, "MADV_NOHUGEPAGE"):
            held.madvise(mmap.MADV_NOHUGEPAGE)  # parts of a huge page aren't let go of
        with memoryview(held) as view:
            view[:: mmap.PAGESIZE] = bytes(count // mmap.PAGESIZE)
        for begin in range(0, count, BLOCK):
            held.madvise(mmap.MADV_DONTNEED, begin + mmap.PAGESIZE, BLOCK - mmap.PAGESIZE)
        yield

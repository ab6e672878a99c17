"""Touches the memory that the copies of a run will lie in, so that no tool pays for pages the machine hasn't got yet.

A virtual machine may give memory that nobody uses back to its host, and getting a page again can cost more than all
that is measured: a run after a pause took half as long again as the one behind it.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from tools.benchkit import accounting, place

SPARE = 1 << 30  # bytes of memory that stay for others


def up(folder: Path, count: int) -> None:
    """For `count` bytes that are about to be written into `folder`; nothing where that isn't in memory."""
    if place.in_memory(folder):
        touch(count)


def touch(count: int) -> None:
    """Have `count` bytes of memory for a moment, fewer where there are not so many; they are free again afterwards."""
    count = min(count, accounting.available_bytes() - SPARE) // mmap.PAGESIZE * mmap.PAGESIZE
    if count <= 0:
        return
    with mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE)
        with memoryview(memory) as view:
            view[:: mmap.PAGESIZE] = bytes(count // mmap.PAGESIZE)

"""Brings files to the disk, these and no others, and says how fast the disk is."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable

SAMPLE = 2 << 30  # bytes that are written to measure a disk
_BLOCK = 1 << 20
_AT_ONCE = 8


def sync(copies: Iterable[Path]) -> float:
    """Return once the files and folders of all these copies are on the disk; the time then, since the epoch."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_sync, [path for copy in copies for path in _parts(copy)]))
    return time.time()


def _parts(copy: Path) -> Iterable[Path]:
    """What makes a copy durable: each of its files, then the folders that name them."""
    folders = [copy.parent]
    if copy.is_dir():
        for top, _, names in os.walk(copy):
            yield from (Path(top, name) for name in names)
            folders.append(Path(top))
    elif copy.exists():
        yield copy
    yield from reversed(folders)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(handle)
    finally:
        os.close(handle)


def disk_rate(folder: Path, size: int = SAMPLE) -> float:
    """Bytes a second that the disk beneath a folder takes: one new file written in order, then fdatasync."""
    block = os.urandom(_BLOCK)
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        begun = time.monotonic()
        for _ in range(size // _BLOCK):
            file.write(block)
        os.fdatasync(file.fileno())
        return size / (time.monotonic() - begun)

"""Where a benchmark works: a folder of its own on one file system, one benchmark at a time on a machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from netlab import down
from peer.core.sizes import format_size
from rigs import accounting
from rigs.errors import RigError

MEMORY_DISK = Path("/dev/shm")
FOLDER = "weft-bench"
LAB = "lab"
SPARE = 1 << 30  # bytes of memory that the processes themselves may need
WAIT_SECONDS = 1800.0  # for another benchmark's end


@contextmanager
def work_folder(wanted: Optional[Path], need: int) -> Iterator[Path]:
    """An empty folder with room for `need` bytes, gone afterwards with any lab in it. Raises RigError."""
    with alone():
        folder = _choose(wanted, need) / FOLDER
        remove(folder)
        folder.mkdir(mode=0o755)
        try:
            yield folder
        finally:
            remove(folder)


def in_memory(folder: Path) -> bool:
    """Whether it lies on a file system in memory, so that no disk takes part."""
    with open("/proc/mounts") as mounts:
        kinds = {line.split()[1]: line.split()[2] for line in mounts}
    points = [str(parent) for parent in (folder, *folder.parents) if str(parent) in kinds]
    return bool(points) and kinds[points[0]] in ("tmpfs", "ramfs")


def memory_room() -> int:
    """Bytes of memory that copies may take."""
    return accounting.available_bytes() - SPARE


@contextmanager
def alone() -> Iterator[None]:
    """Two benchmarks at a time on one machine would measure one another: the second waits."""
    path = Path(tempfile.gettempdir()) / f"{FOLDER}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RigError("another benchmark has been running for half an hour: end it first") from None
            if not told:
                print("another benchmark is running on this machine: waiting for its end", flush=True)
            told = True
            time.sleep(0.5)


def _choose(wanted: Optional[Path], need: int) -> Path:
    if wanted is not None:
        return _with_room(wanted, need)
    try:
        return _with_room(MEMORY_DISK, need)
    except (RigError, OSError):
        return _with_room(Path(tempfile.gettempdir()), need)


def _with_room(folder: Path, need: int) -> Path:
    free = shutil.disk_usage(folder).free
    if in_memory(folder):
        free = min(free, memory_room())
    if free < need:
        wanted, there = format_size(need), format_size(max(0, free))
        raise RigError(f"{folder}: {wanted} wanted, {there} free: name another folder with --work")
    return folder


def remove(folder: Path) -> None:
    """Whatever is there, and a lab in it too."""
    if (folder / LAB).exists():
        down(folder / LAB)
    shutil.rmtree(folder, ignore_errors=True)

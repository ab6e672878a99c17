"""Sparse files: finds out whether a file has holes, and writes bytes so that zeros stay holes."""

from __future__ import annotations

import errno
import os
from typing import Iterator, Tuple

_STEP = 4096  # bytes: what file systems allocate at a time
_ZEROS = bytes(64 * 1024)


def held_bytes(path: str, info: os.stat_result) -> int:
    """Bytes of a file on the disk; -1 if it has no holes."""
    held = info.st_blocks * 512
    if held >= info.st_size or not hasattr(os, "SEEK_HOLE"):
        return -1
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return held if os.lseek(descriptor, 0, os.SEEK_HOLE) < info.st_size else -1
    except OSError:  # this file system can't tell
        return -1
    finally:
        os.close(descriptor)


def write_sparsely(descriptor: int, data: memoryview, offset: int) -> None:
    """Write bytes into a file of its final size; zeros are written only where it has other bytes. Raises OSError."""
    if _is_zero(data):
        clear(descriptor, offset, offset + len(data))
        return
    for begin, end, zeros in _runs(data, offset):
        if zeros:
            clear(descriptor, offset + begin, offset + end)
        else:
            _write(descriptor, data[begin:end], offset + begin)


def _runs(data: memoryview, offset: int) -> Iterator[Tuple[int, int, bool]]:
    """The data as runs of zeros and of other bytes, in steps of the file: (begin, end, whether it is zeros)."""
    begin, zeros = 0, False
    at = 0
    while at < len(data):
        step = min(_STEP - (offset + at) % _STEP, len(data) - at)
        now = _is_zero(data[at : at + step])
        if now != zeros and at > begin:
            yield begin, at, zeros
            begin = at
        zeros = now
        at += step
    if at > begin:
        yield begin, at, zeros


def _is_zero(data: memoryview) -> bool:
    return all(
        data[at : at + len(_ZEROS)].tobytes() == _ZEROS[: len(data) - at] for at in range(0, len(data), len(_ZEROS))
    )


def clear(descriptor: int, begin: int, end: int) -> None:
    """Make a range of a file zeros, without filling its holes."""
    while begin < end:
        try:
            begin = os.lseek(descriptor, begin, os.SEEK_DATA)
            hole = min(os.lseek(descriptor, begin, os.SEEK_HOLE), end)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # no data from here on
            hole = end
        while begin < hole:
            part = memoryview(_ZEROS)[: hole - begin]
            _write(descriptor, part, begin)
            begin += len(part)


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written

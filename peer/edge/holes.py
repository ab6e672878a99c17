"""Sparse files: finds out where a file has holes, hashes these unread, and writes bytes so that zeros stay holes."""

from __future__ import annotations

import errno
import os
from typing import Iterator, Tuple

from peer.core.blocks import RunHash
from peer.edge.files import read_range, write_at

_STEP = 4096  # bytes: what file systems allocate at a time
WORTH = 64 * 1024  # bytes: to look for holes in less costs more than to read it
_ZEROS = bytes(64 * 1024)


def held_bytes(path: str, size: int, held: int) -> int:
    """Bytes on the disk of a file of `size` bytes of which it has `held`; -1 if it has no holes."""
    if held >= size or not hasattr(os, "SEEK_HOLE"):
        return -1
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # ZFS before 2.2.2 took what wasn't on the disk yet for holes
        return held if os.lseek(descriptor, 0, os.SEEK_HOLE) < size else -1
    except OSError:  # this file system can't tell
        return -1
    finally:
        os.close(descriptor)


def hash_range(sha: RunHash, descriptor: int, offset: int, length: int) -> int:
    """Give a run the bytes of a file from `offset` on; how many there were: less than `length` where it ends sooner.

    Of holes nothing is read: they are zeros, and to read them the system would ask the same map of the file.
    """
    given = 0
    for begin, end, hole in _extents(descriptor, offset, offset + length):
        if hole:
            sha.zeros(end - begin)
            given += end - begin
            continue
        for data in read_range(descriptor, begin, end - begin):
            sha.update(data)
            given += len(data)
    return given


def bytes_of(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    """A file's bytes from `offset` on, in parts, as `read_range`; zeros that are holes aren't read."""
    for begin, end, hole in _extents(descriptor, offset, offset + length):
        if not hole:
            yield from read_range(descriptor, begin, end - begin)
            continue
        for at in range(begin, end, len(_ZEROS)):
            yield _ZEROS[: end - at]


def _extents(descriptor: int, begin: int, end: int) -> Iterator[Tuple[int, int, bool]]:
    """A range of a file as runs of data and of holes: (begin, end, whether it is a hole)."""
    if end - begin < WORTH or not _may_have_holes(descriptor):
        yield begin, end, False
        return
    while begin < end:
        hole = _hole_after(descriptor, begin, end)
        if hole > begin:
            yield begin, hole, False
        if hole == end:
            return
        begin = _data_after(descriptor, hole, min(end, os.fstat(descriptor).st_size))
        if begin <= hole:  # the file ends here
            return
        yield hole, begin, True


def _may_have_holes(descriptor: int) -> bool:
    """Whether a file takes less than its size: else tmpfs would walk through all pages behind a place to find none."""
    info = os.fstat(descriptor)
    return info.st_blocks * 512 < info.st_size


def _hole_after(descriptor: int, begin: int, end: int) -> int:
    """Where the next hole begins; `end` if there is none before it, or the system can't tell."""
    try:
        return min(os.lseek(descriptor, begin, os.SEEK_HOLE), end)
    except (OSError, AttributeError):
        return end


def _data_after(descriptor: int, hole: int, end: int) -> int:
    """Where the data after a hole begins; `end` if there is none before it."""
    try:
        return min(os.lseek(descriptor, hole, os.SEEK_DATA), end)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return end


def write_sparsely(descriptor: int, data: memoryview, offset: int) -> None:
    """Write bytes into a file of its final size; zeros are written only where it has other bytes. Raises OSError."""
    if _is_zero(data):
        clear(descriptor, offset, offset + len(data))
        return
    for begin, end, zeros in _runs(data, offset):
        if zeros:
            clear(descriptor, offset + begin, offset + end)
        else:
            write_at(descriptor, data[begin:end], offset + begin)


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
            write_at(descriptor, part, begin)
            begin += len(part)

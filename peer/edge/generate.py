"""Writes test files: the same size and seed give the same bytes on every machine and Python.

A file is one MiB of noise repeated, with a stamp at the start of each 4 KiB page that holds the SHA-256 of seed
and page number. So no two pages of a file, and no two pages of files with different seeds, are alike, whatever the
piece size; and since only the stamps are made again for each MiB, a file is made as fast as the disk takes it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from typing import Callable, Iterator, Optional, Union

from peer.edge.files import free_bytes, write_all
from peer.edge.modes import set_mode

Seed = Union[int, str]

CHUNK = 1 << 20
PAGE = 4096
STAMP = hashlib.sha256().digest_size


def write_file(
    path: Union[str, "os.PathLike[str]"], size: int, seed: Seed = 0, tell: Optional[Callable[[int], None]] = None
) -> None:
    """Writes a file of `size` bytes to `path`, replacing an existing one; memory stays at a few MiB.

    The file appears under its name only when it is complete. `tell` gets the bytes of each block that was written.
    Raises OSError (disk full, no such folder).
    """
    folder = os.path.dirname(os.fspath(path)) or "."
    part = os.path.join(folder, f".weft-{os.urandom(8).hex()}")
    _need_room(folder, size)
    try:
        with open(part, "xb", buffering=0) as file:
            for chunk in chunks(size, seed):
                write_all(file.fileno(), chunk)
                if tell is not None:
                    tell(len(chunk))
            set_mode(file.fileno(), 0o644)  # whatever the umask: two seeds make the same payload
        os.replace(part, path)
    except BaseException:
        _discard(part)
        raise


def chunks(size: int, seed: Seed = 0) -> Iterator[memoryview]:
    """The bytes of the file in order. Each chunk is valid until the next one is asked for."""
    noise = bytearray(hashlib.shake_128(f"weft noise {seed}".encode()).digest(CHUNK))
    view = memoryview(noise)
    stamp = hashlib.sha256(f"weft page {seed} ".encode())
    for start in range(0, size, CHUNK):
        for offset in range(0, CHUNK, PAGE):
            page = stamp.copy()
            page.update((start + offset).to_bytes(8, "big"))
            noise[offset : offset + STAMP] = page.digest()
        yield view[: size - start]


def _need_room(folder: str, size: int) -> None:
    """Fail immediately rather than after filling the disk."""
    free = free_bytes(folder)
    if free is not None and free < size:
        raise OSError(errno.ENOSPC, f"{size} bytes wanted, {free} free on this disk", folder)


def _discard(path: str) -> None:
    with contextlib.suppress(OSError):  # the error that led here is the one to report
        os.unlink(path)

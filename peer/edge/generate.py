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

from peer.core.blocks import RunHash, block_size, lengths_of
from peer.core.layout import Segment
from peer.core.manifest import auto_piece_size
from peer.core.treerules import TreeRules
from peer.edge.blockhashes import Prints, anchors_of, joined, work_size
from peer.edge.files import free_bytes, write_at
from peer.edge.hashing import scan_payload
from peer.edge.modes import set_mode
from peer.edge.scan import Scanned
from peer.edge.verdicts import verdicts

Seed = Union[int, str]

CHUNK = 1 << 20
PAGE = 4096
STAMP = hashlib.sha256().digest_size


def write_file(
    path: Union[str, "os.PathLike[str]"],
    size: int,
    seed: Seed = 0,
    tell: Optional[Callable[[int], None]] = None,
    block: int = 0,
) -> Prints:
    """Writes a file of `size` bytes to `path`, replacing an existing one; memory stays at a few MiB a core.

    The file appears under its name only when it is complete. `tell` gets the bytes of each part that was written, from
    any thread. With a `block` (in bytes) it is hashed while its bytes are at hand. Raises OSError (disk full, no such
    folder).
    """
    folder = os.path.dirname(os.fspath(path)) or "."
    part = os.path.join(folder, f".weft-{os.urandom(8).hex()}")
    _need_room(folder, size)
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            prints = _fill(descriptor, size, seed, tell, block)
            set_mode(descriptor, 0o644)  # whatever the umask: two seeds make the same payload
        finally:
            os.close(descriptor)
        os.replace(part, path)
        return prints
    except BaseException:
        _discard(part)
        raise


def make_payload(
    path: str,
    size: int,
    seed: Seed,
    tell: Optional[Callable[[int], None]],
    name: str,
    rules: TreeRules,
    piece_size: Optional[int] = None,
) -> Scanned:
    """Write a file, as `write_file`, and say what `hash_scanned` would: no byte is read. Raises ConfigError too."""
    pieces = piece_size or auto_piece_size(size)
    block = block_size(size, pieces)
    prints = write_file(path, size, seed, tell, block)
    found = scan_payload(path, name, rules)
    return found._replace(manifest=found.manifest._replace(piece_size=pieces, block=block, **prints._asdict()))


def chunks(size: int, seed: Seed = 0) -> Iterator[memoryview]:
    """The bytes of the file in order. Each chunk is valid until the next one is asked for."""
    return _Noise(seed).chunks(0, size)


class _Noise:
    """What the files of one seed consist of; for any thread."""

    def __init__(self, seed: Seed) -> None:
        self._noise = hashlib.shake_128(f"weft noise {seed}".encode()).digest(CHUNK)
        self._stamp = hashlib.sha256(f"weft page {seed} ".encode())

    def chunks(self, offset: int, length: int) -> Iterator[memoryview]:
        """The bytes from `offset` on, as `chunks`."""
        chunk = bytearray(self._noise)
        view, end = memoryview(chunk), offset + length
        for start in range(offset - offset % CHUNK, end, CHUNK):
            for begin in range(0, min(CHUNK, end - start), PAGE):
                page = self._stamp.copy()
                page.update((start + begin).to_bytes(8, "big"))
                chunk[begin : begin + STAMP] = page.digest()
            yield view[max(offset - start, 0) : end - start]


def _fill(descriptor: int, size: int, seed: Seed, tell: Optional[Callable[[int], None]], block: int) -> Prints:
    """Write all bytes, on as many cores as there are, and hash them while they are at hand."""
    noise, step = _Noise(seed), work_size(size, block or CHUNK)

    def make(begin: int) -> Prints:
        part = Segment(0, begin, min(step, size - begin))
        sha = RunHash(lengths_of(part.length, block)) if block else None
        for chunk in noise.chunks(part.offset, part.length):
            write_at(descriptor, chunk, begin)
            begin += len(chunk)
            if sha is not None:
                sha.update(chunk)
        if tell is not None:
            tell(part.length)
        return Prints(sha.blocks, anchors_of(descriptor, part, size, block, sha.blocks)) if sha else Prints(b"", b"")

    return joined(dict(verdicts(make, range(0, size, step))))


def _need_room(folder: str, size: int) -> None:
    """Fail immediately rather than after filling the disk."""
    free = free_bytes(folder)
    if free is not None and free < size:
        raise OSError(errno.ENOSPC, f"{size} bytes wanted, {free} free on this disk", folder)


def _discard(path: str) -> None:
    with contextlib.suppress(OSError):  # the error that led here is the one to report
        os.unlink(path)

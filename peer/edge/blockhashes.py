"""Hashes the blocks of a payload as they lie on disk: each byte is read once, on as many cores as there are."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Optional

from peer.core.blocks import RunHash, lengths_of
from peer.core.layout import Layout
from peer.core.manifest import Manifest
from peer.edge.files import read_range

WORK = 4 * 1024 * 1024  # bytes that a thread takes at a time

Tell = Callable[[int], None]


def path_of(path: str, manifest: Manifest, number: int) -> str:
    """The path of the manifest's file of this number in the copy at `path`."""
    return os.path.join(path, manifest.files.path(number)) if manifest.tree else path


def hash_blocks(path: str, manifest: Manifest, tell: Optional[Tell] = None) -> bytes:
    """The joined hashes of all blocks, as they lie on disk at `path`; each byte is read once. Raises OSError.

    The work is cut into runs of some megabytes: part of a big file, or many small ones.
    """
    work = Layout(manifest.files.starts, manifest.block, max(WORK // manifest.block, 1) * manifest.block)

    def hash_run(number: int) -> bytes:
        done = []
        for file, offset, length in work.segments(number, 0, work.piece_length(number)):
            sha = RunHash(lengths_of(length, manifest.block))
            done.append(_hash_part(path_of(path, manifest, file), offset, length, sha))
            if tell is not None:
                tell(length)
        return b"".join(done)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return b"".join(pool.map(hash_run, range(work.piece_count)))


def _hash_part(path: str, offset: int, length: int, sha: RunHash) -> bytes:
    """The hashes of the blocks in a part of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for data in read_range(descriptor, offset, length):
            sha.update(data)
            length -= len(data)
    finally:
        os.close(descriptor)
    if length:
        raise OSError(errno.ESTALE, "it became shorter while it was read", path)
    return sha.blocks

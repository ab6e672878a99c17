"""Hashes the blocks of a payload as they lie on disk: each byte is read once, on as many cores as there are."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from typing import Callable, List, Mapping, Optional

from peer.core.anchors import EVERY, ROW_BYTES, SAMPLE, anchor_count, format_anchor, probes
from peer.core.blocks import HASH_BYTES, RunHash, hash_of_zeros, lengths_of
from peer.core.layout import Layout, Segment
from peer.core.manifest import Manifest
from peer.core.tuples import NamedTuple
from peer.edge.holes import WORTH, hash_range
from peer.edge.lane import Lane
from peer.edge.verdicts import verdicts

WORK = 4 * 1024 * 1024  # bytes that a thread takes at a time, at least ...
_SMALL = 16 * 1024  # bytes of files that cost what is done in Python
_TOLD, _FILES_TOLD = 1024 * 1024, 32  # bytes and files between two signs of how far it is
MOST_RUNS = 8192  # ... and not more often than this: what are holes costs next to nothing but this step

Tell = Callable[[int], None]


def path_of(path: str, manifest: Manifest, number: int) -> str:
    """The path of the manifest's file of this number in the copy at `path`."""
    return os.path.join(path, manifest.files.path(number)) if manifest.tree else path


class Prints(NamedTuple):
    """The joined hashes of all blocks, and the joined anchors of those that have one."""

    blocks: bytes
    anchors: bytes


def hash_blocks(path: str, manifest: Manifest, tell: Optional[Tell] = None) -> bytes:
    """The joined hashes of all blocks, as they lie on disk at `path`; each byte is read once. Raises OSError."""
    return _prints(path, manifest, tell, anchored=False).blocks


def print_blocks(path: str, manifest: Manifest, tell: Optional[Tell] = None) -> Prints:
    """The same with the anchors: a few hundred bytes of every eighth block, read again while the system has them."""
    return _prints(path, manifest, tell, anchored=True)


def _prints(path: str, manifest: Manifest, tell: Optional[Tell], anchored: bool) -> Prints:
    """The work is cut into runs of some megabytes: part of a big file, or many small ones."""
    block, files = manifest.block, manifest.files
    work = Layout(files.starts, block, work_size(manifest.size, block))
    prefix, lane = os.path.join(path, ""), Lane()

    def print_part(part: Segment) -> Prints:
        at = prefix + files.path(part.file) if manifest.tree else path
        descriptor = os.open(at, os.O_RDONLY)
        try:
            hashes = _hash_part(descriptor, part, block)
            size = files.size_of(part.file) if anchored else 0
            return Prints(hashes, anchors_of(descriptor, part, size, block, hashes) if size > block else b"")
        except OSError as error:
            error.filename = error.filename or at
            raise
        finally:
            os.close(descriptor)

    def print_run(number: int) -> Prints:
        parts = list(work.segments(number, 0, work.piece_length(number)))
        if len(parts) * _SMALL <= work.piece_length(number):
            return print_parts(parts)
        return lane.run(lambda: print_parts(parts))

    def print_parts(parts: List[Segment]) -> Prints:
        made, untold = [], 0
        for part in parts:
            made.append(print_part(part))
            untold += part.length
            if tell is not None and (untold >= _TOLD or len(made) % _FILES_TOLD == 0):
                tell(untold)
                untold = 0
        if tell is not None:
            tell(untold)
        return Prints(b"".join([one for one, _ in made]), b"".join([one for _, one in made]))

    return joined(dict(verdicts(print_run, range(work.piece_count))))


def work_size(size: int, block: int) -> int:
    """Bytes of a payload of `size` bytes that a thread takes at a time, in complete blocks."""
    return max(max(WORK, size // MOST_RUNS) // block, 1) * block


def joined(runs: Mapping[int, Prints]) -> Prints:
    """The prints of all runs, by their numbers."""
    row = [runs[number] for number in sorted(runs)]
    return Prints(b"".join(run.blocks for run in row), b"".join(run.anchors for run in row))


def _hash_part(descriptor: int, part: Segment, block: int) -> bytes:
    """The hashes of the blocks in a part of a file."""
    if part.length <= min(block, WORTH):  # a file of these costs what is done in Python
        data = os.pread(descriptor, part.length, part.offset)
        if len(data) == part.length:
            return sha256(data).digest()
    sha = RunHash(lengths_of(part.length, block))
    if hash_range(sha, descriptor, part.offset, part.length) < part.length:
        raise OSError(errno.ESTALE, "it became shorter while it was read")
    return sha.blocks


def anchors_of(descriptor: int, part: Segment, size: int, block: int, hashes: bytes) -> bytes:
    """The joined anchors of the blocks in a part of a file of `size` bytes, whose `hashes` are known."""
    stride = block * EVERY
    first = -(-part.offset // stride)
    end = min(-(-(part.offset + part.length) // stride), anchor_count(size, block))
    return b"".join(_anchor(descriptor, one * stride, block, part.offset, hashes) for one in range(first, end))


def _anchor(descriptor: int, begin: int, block: int, offset: int, hashes: bytes) -> bytes:
    at = (begin - offset) // block * HASH_BYTES
    if hashes[at : at + HASH_BYTES] == hash_of_zeros(block):
        return bytes(ROW_BYTES)  # a hole isn't read
    samples = ((probe, os.pread(descriptor, SAMPLE, begin + probe)) for probe in probes(block))
    return format_anchor(block, samples)

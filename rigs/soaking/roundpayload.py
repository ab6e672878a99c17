"""Makes the payload of a round, a file or a tree, and spoils bytes where a round wants that."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import List

from peer.edge.generate import chunks, write_file

NAME = "payload"
MOST_FLIPS = 40


def make(path: Path, size: int, tree: bool, seed: str) -> None:
    """A file of `size` bytes, or a tree of files with so many together; the same for the same arguments."""
    if not tree:
        write_file(path, size, seed)
        path.chmod(0o644)
        return
    _make_tree(path, size, seed)


def _make_tree(root: Path, size: int, seed: str) -> None:
    """Unlike sizes over nested folders, some of them empty; pieces cross the files' ends."""
    rng = Random(f"tree {seed}")
    ends = sorted(rng.randrange(size) for _ in range(rng.randint(2, 12)))
    data = b"".join(bytes(chunk) for chunk in chunks(size, seed))
    names = [f"{rng.choice(('a', 'b', 'a/deep', 'c/de/ep'))}/file {number}" for number in range(len(ends) + 1)]
    for name, begin, end in zip(names, [0, *ends], [*ends, size]):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data[begin:end])
        (root / name).chmod(rng.choice((0o644, 0o600, 0o755)))
    (root / "empty").write_bytes(b"")
    (root / "nothing in it").mkdir()


def spoil(path: Path, rng: Random) -> int:
    """Flip bits in a file, or in the files of a tree; how many times. What isn't there stays away."""
    files = _files(path)
    flips = rng.randint(1, MOST_FLIPS) if files else 0
    for _ in range(flips):
        _flip(rng.choice(files), rng)
    return flips


def _files(path: Path) -> List[Path]:
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in found if file.is_file() and file.stat().st_size]


def _flip(path: Path, rng: Random) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        place = rng.randrange(os.fstat(descriptor).st_size)
        byte = os.pread(descriptor, 1, place)[0]
        os.pwrite(descriptor, bytes([byte ^ 1 << rng.randrange(8)]), place)
    finally:
        os.close(descriptor)

"""A payload and the next version of it, as people change theirs: made on disk, and how many bytes of it are new."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Callable, Dict, NamedTuple

from peer.edge.generate import write_file
from rigs.benchmark.scenarios import MIB

FILE_SIZE = 20 * 1024  # of a tree's files, on average
_DATA = 0.04  # of a VM image: the rest is holes, as in one of 8 GiB with 300 MB
_PAGES = 0.0025  # of its MiB that are written to
_PAGE = 4096


class Version(NamedTuple):
    """`make` writes the older version of about so many bytes; `change` turns it into the next one.

    `change` returns how many bytes a host lacks then, counted in what was written to: files, blocks of a MiB, pages.
    `scale`: how much larger the payload is than others, most of it holes; `back`: what is measured is the way back.
    """

    words: str
    make: Callable[[Path, int], object]
    change: Callable[[Path], int]
    scale: int = 1
    back: bool = False


def _make_tree(top: Path, size: int) -> None:
    rng = random.Random(size)
    for number in range(max(100, size // FILE_SIZE)):
        path = top / f"folder{number // 50:04}" / f"file{number:06}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(rng.randrange(2 * FILE_SIZE)))


def _change_tree(top: Path) -> int:
    """1 % of the files, one more in front, one with another name."""
    rng = random.Random(1)
    paths = sorted(path for path in top.rglob("*") if path.is_file())
    changed = rng.sample(paths[:-1], max(1, len(paths) // 100))
    for path in changed:
        path.write_bytes(rng.randbytes(path.stat().st_size))
    paths[-1].rename(top / "renamed")
    added = top / "0 added"
    added.write_bytes(rng.randbytes(FILE_SIZE))
    return sum(path.stat().st_size for path in (*changed, added))


def _change_in_place(path: Path) -> int:
    """1 % of the blocks of a MiB."""
    rng = random.Random(1)
    blocks = path.stat().st_size // MIB
    numbers = rng.sample(range(blocks), max(1, blocks // 100))
    with open(path, "r+b") as file:
        for number in numbers:
            file.seek(number * MIB)
            file.write(rng.randbytes(MIB))
    return len(numbers) * MIB


def _put_in_front(path: Path) -> int:
    """1 KiB, so that all that was there moves."""
    part = path.with_name("part")
    with open(path, "rb") as old, open(part, "wb") as new:
        new.write(random.Random(1).randbytes(1024))
        shutil.copyfileobj(old, new, MIB)
    part.replace(path)
    return 1024


def _append(path: Path) -> int:
    """1 % more."""
    size = max(1, path.stat().st_size // 100)
    with open(path, "ab") as file:
        file.write(random.Random(1).randbytes(size))
    return size


def _make_image(path: Path, size: int) -> None:
    """A sparse file: runs of a MiB with data, all over it."""
    _make_hole(path, size)
    _fill(path)


def _make_hole(path: Path, size: int) -> None:
    """A sparse file with nothing in it."""
    with open(path, "wb") as file:
        file.truncate(size)


def _fill(path: Path) -> int:
    """Data in a sparse file."""
    size = path.stat().st_size
    rng = random.Random(size)
    numbers = sorted(rng.sample(range(size // MIB), max(1, int(size * _DATA) // MIB)))
    with open(path, "r+b") as file:
        for number in numbers:
            file.seek(number * MIB)
            file.write(rng.randbytes(MIB))
    return len(numbers) * MIB


def _write_pages(path: Path) -> int:
    """Some pages all over the image, as a running system writes them."""
    rng = random.Random(1)
    size = path.stat().st_size
    pages = max(1, int(size * _PAGES) // (16 * _PAGE))
    with open(path, "r+b") as file:
        for number in rng.sample(range(size // _PAGE), pages):
            file.seek(number * _PAGE)
            file.write(rng.randbytes(_PAGE))
    return pages * _PAGE


VERSIONS: Dict[str, Version] = {
    "tree": Version("1 % of a tree's files changed, one added in front, one renamed", _make_tree, _change_tree),
    "in place": Version("1 % of the MiB of a file changed in place", write_file, _change_in_place),
    "in front": Version("1 KiB put in at the front of a file", write_file, _put_in_front),
    "appended": Version("1 % appended to a file", write_file, _append),
    "image": Version("pages of a sparse VM image written to", _make_image, _write_pages, scale=8),
    "sparse": Version("a VM image written into an empty one", _make_hole, _fill, scale=8),
    "back": Version("back to the release before 1 % changed", write_file, _change_in_place, back=True),
}


def bytes_below(path: Path) -> int:
    """Bytes of a file, or of all files in a tree."""
    if path.is_file():
        return path.stat().st_size
    return sum(os.path.getsize(one) for one in path.rglob("*") if one.is_file())


def room_of(path: Path) -> int:
    """Bytes that a file takes on its disk."""
    return path.stat().st_blocks * 512

"""Payloads, manifests and their bytes for tests, and the hypothesis strategies that draw them."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Sequence, Tuple

from hypothesis import strategies as st

from peer.core.blocks import block_count
from peer.core.filetable import FileEntry, FileTable
from peer.core.manifest import FolderEntry, Manifest, bare_manifest


def payload(size: int, seed: int = 0) -> bytes:
    """`size` bytes that look like chance, the same for the same seed."""
    return Random(seed).randbytes(size)


def manifest_of(data: bytes, piece_size: int, name: str = "TheFile.dat", block: int = 0) -> Manifest:
    """The manifest of a single file with this content; a piece is one block unless it is said."""
    hashes = b"".join(hashlib.sha256(part).digest() for part in cut(data, block or piece_size))
    files = FileTable.of([FileEntry(name, len(data), 0o644)])
    return Manifest(name, False, piece_size, block or piece_size, files, (), hashes)


def cut(data: bytes, piece_size: int) -> Tuple[bytes, ...]:
    """The pieces of a payload."""
    return tuple(data[start : start + piece_size] for start in range(0, len(data), piece_size))


def bare(total: int, piece_size: int = 4, last: int = 4) -> Manifest:
    """A manifest without hashes of `total` pieces, the last of which has `last` bytes."""
    return bare_manifest("f", max(0, (total - 1) * piece_size + last) if total else 0, piece_size)


def tree_of(
    files: Sequence[Tuple[str, int]], folders: Sequence[str] = (), piece_size: int = 4, block: int = 0
) -> Manifest:
    """The manifest of a tree of (path, size), its hashes invented; a piece is one block unless it is said."""
    block = block or piece_size
    rows = FileTable.of([FileEntry(path, size, 0o644) for path, size in sorted(files)])
    total = sum(block_count(size, block) for _, size in files)
    hashes = b"".join(hashlib.sha256(bytes([index % 256])).digest() for index in range(total))
    inner = tuple(FolderEntry(path, 0o755) for path in sorted(folders))
    return Manifest("tree", True, piece_size, block, rows, inner, hashes)


_PARTS = st.text("abcxyzÄß0123 _-.", min_size=1, max_size=6).filter(lambda part: part not in (".", ".."))
PATHS = st.lists(_PARTS, min_size=1, max_size=3).map("/".join)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any sound manifest of a few files: single or tree, with empty files, modes and folders."""
    block = draw(st.integers(1, 9))
    piece_size = block * draw(st.integers(1, 4))
    if draw(st.booleans()):
        name = draw(_PARTS)
        return manifest_of(payload(draw(st.integers(0, 40)), draw(st.integers(0, 5))), piece_size, name, block)
    # In trees of depth one no file can stand where another's folder does.
    names = draw(st.lists(_PARTS, unique_by=str.casefold, max_size=5))
    kinds = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    files = [(f"{name}/f" if deep else name, draw(st.integers(0, 12))) for name, deep in zip(names, kinds)]
    folders = [name for name, deep in zip(names, kinds) if deep]
    return tree_of(files, folders, piece_size, block)._replace(root_mode=draw(st.sampled_from([0o755, 0o700])))

"""The manifest: names, sizes and modes of a payload's files, and SHA-256 of every block of them.

Nothing else is hashed: a piece's hash and a file's ID are derived from the hashes of their blocks. So one pass and one
SHA-256 for each byte make them all, on any core, also within one big file.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import chain
from typing import Dict, Iterable, Iterator, Optional, Tuple

from peer.core.blocks import HASH_BYTES, block_count, run_hash
from peer.core.filetable import FileEntry, FileTable, Merged
from peer.core.layout import Layout, Run
from peer.core.treeparts import TreeParts
from peer.core.tuples import NamedTuple

MIN_PIECE = 64 * 1024
MAX_PIECE = 16 * 1024 * 1024
COMMON_PIECE = 256 * 1024
FEW_PIECES, MANY_PIECES = 128, 512  # what `auto_piece_size` aims for
FEW_PEERS = 8  # of which each knows all others


class FolderEntry(NamedTuple):
    """One folder of a tree, so that empty ones arrive too."""

    path: str
    mode: int


class _Fields(NamedTuple):
    name: str
    tree: bool
    piece_size: int
    block: int
    files: FileTable
    folders: Tuple[FolderEntry, ...] = ()
    blocks: bytes = b""
    root_mode: int = 0o755  # the tree's own folder
    parts: TreeParts = TreeParts()  # links, times and all else
    bare: bool = False  # nobody said hashes and modes: a classic swarm without swarm.json
    anchors: bytes = b""  # hints where blocks lie in older files (see `Anchors`); none is needed


class Manifest(_Fields):
    """The payload as one row of bytes: the files one after another, sorted by path, cut into blocks (see `Layout`).

    A single file is a row of one entry whose path is the payload's name. `piece_size` and `block` in bytes. `blocks`
    holds the 32-byte hashes of all blocks, joined in the row's order; a bare manifest has none.
    """

    @property
    def paths(self) -> Iterable[str]:
        """The paths of all that is in it, sorted."""
        return Merged(self.files.paths, chain(self.parts.leaves, (folder.path for folder in self.folders)))

    @property
    def leaves(self) -> Iterable[str]:
        """The paths of all but folders, sorted: files, links and further names of either."""
        return Merged(self.files.paths, self.parts.leaves)

    def files_at(self, root: str) -> Iterator[str]:
        """The paths of all files of a copy at `root`, in their order."""
        top = root if root.endswith("/") else f"{root}/"
        return (top + path for path in self.files.paths) if self.tree else iter([root])

    @property
    def size(self) -> int:
        """Bytes of the complete payload."""
        return self.files.size

    @property
    def room(self) -> int:
        """Bytes that a copy takes on a disk: holes take none."""
        files = self.files
        return self.size - sum(max(0, files.size_of(number) - held) for number, held in self.parts.sparse)

    @cached_property
    def layout(self) -> Layout:
        """Where its pieces and blocks lie."""
        return Layout(self.files.starts, self.block, self.piece_size)

    @property
    def piece_count(self) -> int:
        """How many pieces the payload has; 0 for an empty one."""
        return self.layout.piece_count

    def piece_length(self, index: int) -> int:
        """Bytes of one piece."""
        return self.layout.piece_length(index)

    @property
    def hashed(self) -> bool:
        """Whether it is known which bytes are right; of an empty payload it always is."""
        return not self.bare or not self.size

    def piece_hash(self, index: int) -> Optional[bytes]:
        """The 32-byte hash of a piece; None in a bare manifest."""
        return self.pieces[index] if self.blocks else None

    @cached_property
    def pieces(self) -> Tuple[bytes, ...]:
        """The hashes of all pieces; none in a bare manifest."""
        if not self.blocks:
            return ()
        return tuple(run_hash(self._hashes(self.layout.blocks_of_piece(index))) for index in range(self.piece_count))

    def file_id(self, number: int) -> str:
        """The hex ID of a file: what `sha256sum` prints if it is one block or none, else SHA-256 of its blocks' hashes.

        It counts together with the file's size. The manifest must have hashes.
        """
        return run_hash(self._hashes(self.layout.blocks_of_file(number))).hex()

    @property
    def file_ids(self) -> Iterator[str]:
        """The IDs of all files, in their order."""
        begin = 0
        for size in self.files.sizes:
            end = begin + block_count(size, self.block)
            yield run_hash(self._hashes(Run(begin, end))).hex()
            begin = end

    def _hashes(self, run: Run) -> bytes:
        return self.blocks[run.begin * HASH_BYTES : run.end * HASH_BYTES]

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that identify this payload: two swarms with the same digest carry the same bytes."""
        top = f"{self.name}\0{self.tree}\0{self.piece_size}\0{self.block}\0{self.root_mode:o}\n"
        sha = hashlib.sha256(top.encode("utf-8", "surrogatepass"))
        for part in (self.files.state, self._folder_lines, self.blocks, self.parts.state):
            sha.update(hashlib.sha256(part).digest())
        return sha.digest()

    @property
    def _folder_lines(self) -> bytes:
        return "".join(f"{folder.path}\0{folder.mode:o}\n" for folder in self.folders).encode("utf-8", "surrogatepass")


def bare_manifest(name: str, size: int, piece_size: int) -> Manifest:
    """The manifest of a swarm that has only Common.cfg: without hashes. A piece is one block there."""
    return Manifest(name, False, piece_size, piece_size, FileTable.of([FileEntry(name, size, 0o644)]), bare=True)


def payload_proof(manifest: Manifest) -> str:
    """What a correct copy is known by, in hex: a file's ID, or for a tree the SHA-256 over its files' IDs.

    A tree's lines are like those that `sha256sum` prints: ID, two blanks, path; in the manifest's order.
    """
    if not manifest.tree:
        return manifest.file_id(0)
    sha = hashlib.sha256()
    for file_id, path in zip(manifest.file_ids, manifest.files.paths):
        sha.update(f"{file_id}  {path}\n".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def auto_piece_size(size: int, peers: Optional[int] = None) -> int:
    """Bytes of a piece for a payload of `size` bytes: a power of two from 64 KiB to 16 MiB.

    Each piece costs every peer some messages and thread switches, whatever its length, so small ones cost CPU; but
    a piece is passed on only when it is complete, and too few of them leave links idle. A swarm of few `peers` gets
    half as large ones, where they don't become too many; None: many.
    """
    piece = COMMON_PIECE // 2 if peers is not None and peers <= FEW_PEERS else COMMON_PIECE
    while piece < MAX_PIECE and size / piece > MANY_PIECES:
        piece *= 2
    while piece > MIN_PIECE and size / piece < FEW_PIECES:
        piece //= 2
    return piece


def other_modes(one: Manifest, other: Manifest) -> Optional[Tuple[str, int, int]]:
    """The first path whose permission bits differ, with both, where nothing else does; None where the bytes differ."""
    ours, theirs = _modes(one), _modes(other)
    if ours.keys() != theirs.keys() or _without_modes(one) != _without_modes(other):
        return None
    return next(((path, ours[path], theirs[path]) for path in ours if ours[path] != theirs[path]), None)


def _without_modes(manifest: Manifest) -> Manifest:
    files = manifest.files
    return manifest._replace(files=FileTable(files.paths, files.sizes, [0] * len(files)), folders=(), root_mode=0)


def _modes(manifest: Manifest) -> Dict[str, int]:
    files = dict(zip(manifest.files.paths, manifest.files.modes))
    return {".": manifest.root_mode, **{folder.path: folder.mode for folder in manifest.folders}, **files}

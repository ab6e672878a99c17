"""Which blocks of a new version weren't found on the host yet, where each belongs, and what each piece still lacks."""

from __future__ import annotations

from typing import Dict, List, Set

from peer.core.blocks import HASH_BYTES
from peer.core.manifest import Manifest
from peer.core.tuples import NamedTuple


class Place(NamedTuple):
    """Where a block belongs: in this piece, from this byte on."""

    piece: int
    begin: int


class Wanted:
    """The blocks that are missed so far, by their numbers in the row. A piece is complete once it lacks none.

    There is a byte a block, and no object; but hashes are kept where blocks are searched by them (`by_hash`).
    """

    def __init__(self, manifest: Manifest, by_hash: bool) -> None:
        self._layout = manifest.layout
        self._hashes = manifest.blocks
        self._missing = bytearray(self._layout.block_count)
        self._by_hash: Dict[bytes, List[int]] = {}
        self._keeps_hashes = by_hash
        self._lacking: Dict[int, int] = {}  # piece -> how many of its blocks
        self._complete: Set[int] = set()

    def lacks(self, number: int) -> bool:
        """Whether a block is missing."""
        return bool(self._missing[number])

    def count(self, begin: int, end: int) -> int:
        """How many of these blocks are missing."""
        return self._missing.count(1, begin, end)

    def hash_of(self, number: int) -> bytes:
        """The 32-byte hash of a block."""
        return self._hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES]

    def place(self, number: int) -> Place:
        """Where a block belongs."""
        piece, begin = self._layout.place_of_block(number)
        return Place(piece, begin)

    def with_hash(self, sha256: bytes) -> List[int]:
        """The missing blocks with this hash."""
        return list(self._by_hash.get(sha256, ()))

    def miss(self, number: int) -> None:
        """One more block that isn't where it was looked for."""
        self._missing[number] = 1
        if self._keeps_hashes:
            self._by_hash.setdefault(self.hash_of(number), []).append(number)
        piece = self.place(number).piece
        self._lacking[piece] = self._lacking.get(piece, 0) + 1

    def found(self, number: int) -> None:
        """A missing block is at its place now; nothing happens if that was known."""
        if not self._missing[number]:
            return
        self._missing[number] = 0
        if self._keeps_hashes:
            self._forget(number)
        piece = self.place(number).piece
        self._lacking[piece] -= 1
        if not self._lacking[piece]:
            del self._lacking[piece]
            self._complete.add(piece)

    def _forget(self, number: int) -> None:
        twins = self._by_hash[self.hash_of(number)]
        twins.remove(number)
        if not twins:
            del self._by_hash[self.hash_of(number)]

    def take_complete(self) -> List[int]:
        """The pieces that have become complete since the last call."""
        complete, self._complete = sorted(self._complete), set()
        return complete

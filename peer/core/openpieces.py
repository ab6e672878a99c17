"""The pieces of which some blocks are here and others aren't: which ones, and whether those that come are right."""

from __future__ import annotations

from typing import Dict

from peer.core import bits
from peer.core.blocks import HASH_BYTES
from peer.core.manifest import Manifest


class OpenPieces:
    """A set of missing blocks (see `bits`; 0 is a piece's first) for each such piece. All others aren't begun."""

    def __init__(self, manifest: Manifest) -> None:
        self._layout = manifest.layout
        self._hashes = manifest.blocks
        self._missing: Dict[int, int] = {}

    def __contains__(self, piece: int) -> bool:
        return piece in self._missing

    def all(self, piece: int) -> int:
        """The set of all blocks of a piece."""
        run = self._layout.blocks_of_piece(piece)
        return bits.full(run.end - run.begin)

    def missing(self, piece: int) -> int:
        """The set of the blocks that are missing of a piece that isn't here."""
        known = self._missing.get(piece)
        return self.all(piece) if known is None else known

    def gain(self, piece: int, blocks: int) -> int:
        """These blocks are proved and at their place; the set of those that are missing yet."""
        left = self.missing(piece) & ~blocks
        if left:
            self._missing[piece] = left
        else:
            self.close(piece)
        return left

    def close(self, piece: int) -> None:
        """A piece is here, by whatever way."""
        self._missing.pop(piece, None)

    def right(self, piece: int, blocks: int, hashes: bytes) -> int:
        """Those of the `blocks` whose hashes, joined in their order, are the manifest's."""
        first = self._layout.blocks_of_piece(piece).begin
        found = 0
        for place, block in enumerate(bits.indices(blocks)):
            begin = (first + block) * HASH_BYTES
            if hashes[place * HASH_BYTES :][:HASH_BYTES] == self._hashes[begin : begin + HASH_BYTES]:
                found |= 1 << block
        return found

"""Blocks that needn't travel, as the manifest's hashes tell: zeros, and blocks that are equal to others.

A block of zeros is a hole on the disk. A block that is here is copied to all places on the host that are equal (twins).
"""

from __future__ import annotations

from array import array
from itertools import islice
from typing import Dict, Iterator, Sequence

from peer.core import bits
from peer.core.blocks import HASH_BYTES, hash_of_zeros
from peer.core.layout import Run
from peer.core.manifest import Manifest

# What a block is. Of several that are equal: the first, one in a further piece, one in the piece of the one before.
_PLAIN, _ZEROS, _FIRST, _TWIN, _ECHO = range(5)
_ENDED = bytes((_ZEROS, _PLAIN))  # a run of zeros, and what comes after it
_NONE: Sequence[int] = ()


class Repeats:
    """All of a payload. Blocks are numbered in the row; the sets of a piece's blocks begin with its first one.

    It is one byte a block, and some more for those that have twins.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._layout = manifest.layout
        self._hashes = memoryview(manifest.blocks)
        self._kinds = bytearray(len(manifest.blocks) // HASH_BYTES)
        self._twins: Dict[bytes, array[int]] = {}  # a hash -> the blocks that have it, if there are several
        self._find_zeros()
        self._find_twins()
        self.has_twins = bool(self._twins)
        self.any = self._kinds.count(_PLAIN) < len(self._kinds)
        self._still = -1 if self.any else 0  # not known yet

    # ---- finding

    def _find_zeros(self) -> None:
        block = self._manifest.block
        for number in self._with_hash(hash_of_zeros(block)):
            self._kinds[number] = _ZEROS
        for number in self._odd_ends():
            if self.hash_of(number) == hash_of_zeros(self._length(number)):
                self._kinds[number] = _ZEROS

    def _with_hash(self, sha256: bytes) -> Iterator[int]:
        blocks = self._manifest.blocks
        at = blocks.find(sha256)
        while at >= 0:
            if at % HASH_BYTES == 0:
                yield at // HASH_BYTES
            at = blocks.find(sha256, at + 1)

    def _odd_ends(self) -> Iterator[int]:
        """The last, shorter blocks of files that are likely to end with zeros: a hash for each other would be much."""
        layout, at = self._layout, self._kinds.find(_ENDED)
        while at >= 0:
            if layout.blocks_of_file(layout.file_of_block(at + 1)).begin != at + 1:
                yield at + 1
            at = self._kinds.find(_ENDED, at + 1)
        for sparse in self._manifest.parts.sparse:
            run = layout.blocks_of_file(sparse.file)
            if run.end > run.begin:
                yield run.end - 1

    def _length(self, number: int) -> int:
        """Bytes of a block."""
        file = self._layout.file_of_block(number)
        begin = (number - self._layout.blocks_of_file(file).begin) * self._manifest.block
        return min(self._manifest.block, self._manifest.files.size_of(file) - begin)

    def _find_twins(self) -> None:
        """Equal first bytes name the few hashes that are looked at. Mostly there are none: a set tells that fastest.

        Blocks that are shorter than others don't count: to fetch one again costs less than to copy it.
        """
        starts = self._hashes.cast("Q")[:: HASH_BYTES // 8].tolist()
        if len(set(starts)) == len(starts):
            return
        row = sorted(starts)
        several = {one for one, other in zip(row, islice(row, 1, None)) if one == other}
        del row
        for number, start in enumerate(starts):
            if start in several and self._kinds[number] == _PLAIN and self._length(number) == self._manifest.block:
                self._twins.setdefault(self.hash_of(number), array("I")).append(number)
        self._twins = {sha256: numbers for sha256, numbers in self._twins.items() if len(numbers) > 1}
        for numbers in self._twins.values():
            before = -1  # the piece of the one before
            for number in numbers:
                piece = self._layout.place_of_block(number)[0]
                self._kinds[number] = _ECHO if piece == before else _TWIN
                before = piece
            self._kinds[numbers[0]] = _FIRST

    # ---- what is known

    def hash_of(self, number: int) -> bytes:
        """The 32-byte hash of a block."""
        return bytes(self._hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES])

    def zeros(self, piece: int) -> int:
        """The set of the blocks of a piece that are zeros."""
        return self._set_of(self._layout.blocks_of_piece(piece), b"01000")

    def twins(self, piece: int) -> int:
        """The set of the blocks of a piece that have equals anywhere."""
        return self._set_of(self._layout.blocks_of_piece(piece), b"00111")

    def travelling(self, piece: int) -> int:
        """The set of the blocks of a piece that have to travel, unless an equal block comes before them.

        So that a piece which came can be passed on at once, and is kept for good, it waits for no other piece, unless
        there is nothing in it but zeros and twins.
        """
        run = self._layout.blocks_of_piece(piece)
        return self._set_of(run, b"10110") if self._set_of(run, b"10100") else 0

    def _set_of(self, run: Run, chosen: bytes) -> int:
        """The set of the blocks of a run whose kind is chosen: a digit for each kind."""
        flags = self._kinds[run.begin : run.end].translate(chosen.ljust(256))
        return int(flags[::-1], 2) if flags else 0

    def equals(self, number: int) -> Sequence[int]:
        """All blocks with the bytes of this one, if there are several."""
        return self._twins.get(self.hash_of(number), _NONE)

    def zero_bytes(self, file: int) -> int:
        """Bytes of a file that lie in blocks of zeros."""
        run = self._layout.blocks_of_file(file)
        count = self._kinds.count(_ZEROS, run.begin, run.end)
        size = self._manifest.files.size_of(file)
        return min(size, count * self._manifest.block)

    def partial(self) -> Dict[int, int]:
        """Each piece of which some blocks travel and others don't, with the set of those that do."""
        if not self.any:
            return {}
        sets = ((piece, self.travelling(piece)) for piece in range(self._manifest.piece_count))
        return {piece: blocks for piece, blocks in sets if blocks and blocks != self.all(piece)}

    @property
    def still(self) -> int:
        """The set of the pieces of which no block travels."""
        if self._still < 0:
            pieces = range(self._manifest.piece_count)
            self._still = int("".join("0" if self.travelling(piece) else "1" for piece in reversed(pieces)), 2)
        return self._still

    def all(self, piece: int) -> int:
        """The set of all blocks of a piece."""
        run = self._layout.blocks_of_piece(piece)
        return bits.full(run.end - run.begin)

"""Which blocks a store holds of pieces that aren't complete, and which of its blocks have twins to be copied to."""

from __future__ import annotations

import queue
import threading
from typing import Iterator, Optional, Tuple

from peer.core.manifest import Manifest
from peer.core.openpieces import OpenPieces
from peer.core.repeats import Repeats
from peer.core.route import Route


class Parts:
    """`repeats`: what needn't come, or None. `fresh` gets each piece that holds new blocks with twins; see `Twins`.

    Methods may be called from any thread.
    """

    def __init__(self, manifest: Manifest, repeats: Optional[Repeats] = None) -> None:
        self.repeats = repeats
        self.fresh: "queue.SimpleQueue[int]" = queue.SimpleQueue()
        self._layout = manifest.layout
        self._open = OpenPieces(manifest)
        self._lock = threading.Lock()

    def missing(self, piece: int) -> int:
        """The set of the blocks of a piece that isn't here that are missing."""
        with self._lock:
            return self._open.missing(piece)

    def length(self, piece: int, blocks: int) -> int:
        """Bytes of these blocks."""
        return sum(stretch.length for stretch in self._layout.stretches(piece, blocks))

    def wanted(self, piece: int) -> int:
        """The set of the blocks that have to be asked for."""
        missing = self.missing(piece)
        return missing & self.repeats.travelling(piece) if self.repeats else missing

    def solid(self, piece: int) -> int:
        """The set of the blocks that aren't known to be zeros."""
        every = self._open.all(piece)
        return every & ~self.repeats.zeros(piece) if self.repeats else every

    def zeros(self) -> Iterator[Tuple[int, int]]:
        """Each piece with blocks of zeros, and the set of these."""
        if self.repeats and self.repeats.any:
            for piece in range(self._layout.piece_count):
                blocks = self.repeats.zeros(piece)
                if blocks:
                    yield piece, blocks

    def route(self, piece: int, blocks: int) -> Optional[Route]:
        """The way of a message with these `blocks` of a piece, 0 for all; None if all of it comes and is missing."""
        with self._lock:
            if not blocks and piece not in self._open:
                return None
            every, missing = self._open.all(piece), self._open.missing(piece)
        return Route(self._layout, piece, blocks or every, missing)

    def keep(self, piece: int, blocks: int, hashes: bytes) -> Tuple[bool, int]:
        """Blocks came and were written, with these hashes: those that are right are here now.

        Whether all of them are right, and the set of those that are missing yet.
        """
        right = self._open.right(piece, blocks, hashes)
        return right == blocks, self.gain(piece, right)

    def gain(self, piece: int, blocks: int) -> int:
        """These blocks are proved and at their place; the set of those that are missing yet."""
        with self._lock:
            left = self._open.gain(piece, blocks)
        self._tell_fresh(piece)
        return left

    def close(self, piece: int) -> None:
        """A piece is here."""
        with self._lock:
            self._open.close(piece)
        self._tell_fresh(piece)

    def _tell_fresh(self, piece: int) -> None:
        if self.repeats and self.repeats.any and self.repeats.twins(piece):
            self.fresh.put(piece)

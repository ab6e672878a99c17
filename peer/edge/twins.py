"""Copies each block that came to all other places of the payload with the same bytes, beside the running swarm."""

from __future__ import annotations

import os
import queue
import threading
from typing import Callable, Dict, List, Set

from peer.core import bits
from peer.core.events import Checked
from peer.core.finding import DiskEvent
from peer.core.layout import Segment
from peer.core.repeats import Repeats
from peer.edge.store import Store

AGAIN_SECONDS = 0.1  # until a place is looked at again that was being checked, or written by a neighbour


class Twins:
    """One thread, that of `run`. It writes as a neighbour's would, by claims, and each copied block is hashed."""

    def __init__(self, store: Store, tell: Callable[[DiskEvent], object]) -> None:
        self._store = store
        self._parts = store.parts
        self._layout = store.manifest.layout
        self._tell = tell
        self._stopped = threading.Event()
        self._known: Set[bytes] = set()  # hashes of blocks that are here, and have twins
        self._goals: Dict[int, Dict[int, int]] = {}  # piece -> block of it -> the equal block that is here, in the row

    def stop(self) -> None:
        """Let `run` end soon, from any thread."""
        self._stopped.set()

    def run(self) -> None:
        """Until `stop`, if anything has twins. Raises StoreError, OSError."""
        repeats = self._parts.repeats
        if not repeats or not repeats.has_twins:
            return
        while not self._stopped.is_set():
            for piece in self._wait():
                self._learn(repeats, piece)
            self._fill_all()

    def _wait(self) -> List[int]:
        """The pieces with new blocks."""
        fresh = self._parts.fresh
        found: List[int] = []
        try:
            found.append(fresh.get(timeout=AGAIN_SECONDS))
            while True:
                found.append(fresh.get_nowait())
        except queue.Empty:
            return list(dict.fromkeys(found))

    def _learn(self, repeats: Repeats, piece: int) -> None:
        """Note where the blocks of a piece that are here belong too."""
        first = self._layout.blocks_of_piece(piece).begin
        here = repeats.twins(piece) & ~(0 if self._store.has(piece) else self._parts.missing(piece))
        for source in (first + block for block in bits.indices(here)):
            sha256 = repeats.hash_of(source)
            if sha256 in self._known:
                continue
            self._known.add(sha256)
            for number in repeats.equals(source):
                goal = self._layout.place_of_block(number)[0]
                block = number - self._layout.blocks_of_piece(goal).begin
                self._goals.setdefault(goal, {})[block] = source

    def _fill_all(self) -> None:
        """Copy all that can be copied now, and tell what came of it."""
        right = 0
        parts: Dict[int, int] = {}
        for piece in sorted(self._goals):
            if self._stopped.is_set():
                break
            if self._store.has(piece):
                del self._goals[piece]
            elif self._fill(piece, parts):
                del self._goals[piece]
                if self._store.has(piece):
                    right |= 1 << piece
                    parts.pop(piece, None)
        if right or parts:
            self._tell(Checked(right, sum(1 << piece for piece in parts), parts))

    def _fill(self, piece: int, parts: Dict[int, int]) -> bool:
        """Copy what a piece lacks and others have; False if it has to wait. `parts` gets what to ask for yet."""
        if not self._store.lacks(piece):
            return False
        missing = self._parts.missing(piece)
        sources = {block: source for block, source in sorted(self._goals[piece].items()) if missing >> block & 1}
        if not sources:
            return True
        claim = self._store.claims.claim(piece, sum(1 << block for block in sources), local=True)
        if claim is None:
            return False
        try:
            for source in sources.values():
                data = self._read(source)
                claim.write(memoryview(data))
                self._store.tally.twin += len(data)
            right = claim.finish()
        finally:
            self._store.claims.abandon(claim)  # where that failed: nobody must wait for it
        # What isn't right was changed by another program since it was proved: neighbours have to send it.
        parts[piece] = self._parts.wanted(piece) if right else self._parts.missing(piece)
        return True

    def _read(self, number: int) -> bytes:
        """A block that is here; zeros in place of what its file has lost."""
        piece = self._layout.place_of_block(number)[0]
        file, offset, length = self._segment(piece, number)
        with self._store.copy_of(piece).descriptor(file) as descriptor:
            return os.pread(descriptor, length, offset).ljust(length, b"\0")

    def _segment(self, piece: int, number: int) -> Segment:
        block = number - self._layout.blocks_of_piece(piece).begin
        stretch = next(self._layout.stretches(piece, 1 << block))
        return next(self._layout.segments(piece, *stretch))

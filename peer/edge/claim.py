"""The right to write one piece, which passes from one reader to the next when the first falls silent."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Optional

from peer.edge.hasher import Hasher

if TYPE_CHECKING:
    from peer.edge.store import Store


class Claim:
    """The right to write one piece. It may be taken over, after which the former holder's bytes go nowhere.

    With a `hasher` the hash is made beside the writing: what was given to `write` must then stay until the next call.
    """

    def __init__(self, store: Store, piece: int, former: Optional[Claim], hasher: Optional[Hasher] = None) -> None:
        self._store = store
        self.piece = piece
        self._sha = hashlib.sha256()
        self._hasher = hasher
        self._hashed: Optional[threading.Lock] = None  # to be had when the last part is in the hash
        self._written = 0
        # One lock for all who took the piece over from one another: what a loser is still writing comes first.
        self._lock: threading.Lock = former._lock if former else threading.Lock()
        self.lost = False
        self.touched = time.monotonic()

    def write(self, data: memoryview) -> None:
        """The next bytes of the piece. Raises StoreError when the disk refuses them."""
        self._hash(data)
        with self._lock:
            if not self.lost:
                self._store.write_at(self.piece, self._written, data)
                self.touched = time.monotonic()
        self._written += len(data)

    @property
    def beside(self) -> bool:
        """Whether the last part may still be read while the next one comes."""
        return self._hasher is not None

    def _hash(self, data: memoryview) -> None:
        self._await_hash()
        if self._hasher:
            self._hashed = self._hasher.update(self._sha, data)
        else:
            self._sha.update(data)

    def _await_hash(self) -> None:
        if self._hashed:
            self._hashed.acquire()
            self._hashed = None

    def finish(self) -> Optional[bool]:
        """All is written: True if the piece is now stored, False if its hash is wrong, None if the claim was lost."""
        self._await_hash()
        with self._lock:
            if self.lost:
                return None
            return self._store.settle(self, self._sha.digest())

    def give_up(self) -> None:
        """Write no more; waits for a write that is under way."""
        with self._lock:
            self.lost = True

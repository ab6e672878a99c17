"""The right to write one piece, which passes from one reader to the next when the first falls silent."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from peer.edge.store import Store


class Claim:
    """The right to write one piece. It may be taken over, after which the former holder's bytes go nowhere."""

    def __init__(self, store: Store, piece: int, former: Optional[Claim]) -> None:
        self._store = store
        self.piece = piece
        self._sha = hashlib.sha256()
        self._written = 0
        # One lock for all who took the piece over from one another: what a loser is still writing comes first.
        self._lock: threading.Lock = former._lock if former else threading.Lock()
        self.lost = False
        self.touched = time.monotonic()

    def write(self, data: memoryview) -> None:
        """The next bytes of the piece. Raises StoreError when the disk refuses them."""
        self._sha.update(data)
        with self._lock:
            if not self.lost:
                self._store.write_at(self.piece, self._written, data)
                self.touched = time.monotonic()
        self._written += len(data)

    def finish(self) -> Optional[bool]:
        """All is written: True if the piece is now stored, False if its hash is wrong, None if the claim was lost."""
        with self._lock:
            if self.lost:
                return None
            return self._store.settle(self, self._sha.digest())

    def give_up(self) -> None:
        """Write no more; waits for a write that is under way."""
        with self._lock:
            self.lost = True

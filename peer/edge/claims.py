"""Which connection may write which piece: a piece has one holder, and one that falls silent loses it to the next."""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict, Iterator, Optional, Protocol, Set

from peer.core.blocks import RunHash
from peer.core.route import Route
from peer.edge.hasher import Hasher

PARALLEL_HASH = 1024 * 1024  # bytes of a piece from which it pays to have it hashed by another thread
CLAIM_SECONDS = 1.0  # a writer that was silent for so long loses its piece to the next one

WriteAt = Callable[[int, int, memoryview], None]  # piece, offset in it, bytes
Settle = Callable[["Claim", RunHash], Optional[bool]]  # the claim, the hashes of what was written


class Place(Protocol):
    """The place where pieces are kept; `Store` describes each method."""

    def lacks(self, piece: int) -> bool: ...

    def piece_length(self, piece: int) -> int: ...

    def block_lengths(self, piece: int) -> Iterator[int]: ...

    def write_at(self, piece: int, begin: int, data: memoryview) -> None: ...

    def keep(self, piece: int, sha256: bytes) -> bool: ...

    def route(self, piece: int, blocks: int) -> Optional[Route]: ...

    def keep_part(self, piece: int, blocks: int, hashes: bytes) -> bool: ...


class Claims:
    """All claims on the pieces of one place. Methods may be called from any thread."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()  # a piece is claimed and stored under it, so that a stored one is never claimed
        self._changed = threading.Condition(self._lock)
        self._copied: Set[int] = set()  # pieces with a holder that copies from this disk
        self._holders: Dict[int, Claim] = {}
        self._hasher = Hasher()

    def claim(self, piece: int, blocks: int = 0, local: bool = False) -> Optional[Claim]:
        """The right to write a piece; None if it is stored already, or being written by another holder.

        `blocks`: the set of the blocks that come, 0 for all. `local`: they are copied here, which is soon done; so
        whoever claims the piece meanwhile waits for that.
        """
        with self._lock:
            while piece in self._copied:
                self._changed.wait()
            holder = self._holders.get(piece)
            if not self._place.lacks(piece) or (holder and time.monotonic() - holder.touched < CLAIM_SECONDS):
                return None
            if holder:
                holder.lost = True
            route = self._place.route(piece, blocks)
            hasher = self._hasher_for(route.size if route else self._place.piece_length(piece))
            sha = RunHash(route.lengths if route else self._place.block_lengths(piece))
            claim = Claim(piece, self._place.write_at, self._settle, holder, sha, hasher, route)
            self._holders[piece] = claim
            if local:
                self._copied.add(piece)
        return claim

    def _hasher_for(self, size: int) -> Optional[Hasher]:
        """A thread that hashes, for many bytes of a piece while no other is arriving."""
        return self._hasher if not self._holders and size >= PARALLEL_HASH else None

    def abandon(self, claim: Claim) -> None:
        """Free a piece that its holder won't finish."""
        claim.give_up()
        with self._lock:
            if self._holders.get(claim.piece) is claim:
                self._release(claim)

    def _settle(self, claim: Claim, sha: RunHash) -> Optional[bool]:
        """Store a piece whose bytes are all written: see `Claim.finish`."""
        with self._lock:
            if self._holders.get(claim.piece) is not claim:
                return None
            self._release(claim)
            if claim.route:
                return self._place.keep_part(claim.piece, claim.route.blocks, sha.blocks)
            return self._place.keep(claim.piece, sha.digest())

    def _release(self, claim: Claim) -> None:
        """A holder is through with its piece; under the lock."""
        del self._holders[claim.piece]
        if claim.piece in self._copied:
            self._copied.discard(claim.piece)
            self._changed.notify_all()

    def close(self) -> None:
        """End the thread that hashes."""
        self._hasher.close()


class Claim:
    """The right to write one piece. Another holder may take it over, after which this one's bytes are discarded.

    `sha` hashes the piece block by block as its bytes come. With a `hasher` that is done while the bytes are written:
    the data given to `write` must then stay unchanged until the next call. `route`: where the bytes belong, unless the
    piece comes from its first byte to its last, and nothing of it is here.
    """

    def __init__(
        self,
        piece: int,
        write_at: WriteAt,
        settle: Settle,
        former: Optional[Claim],
        sha: RunHash,
        hasher: Optional[Hasher],
        route: Optional[Route] = None,
    ) -> None:
        self.piece = piece
        self.route = route
        self.lost = False
        self.touched = time.monotonic()
        self._write_at = write_at
        self._settle = settle
        self._sha = sha
        self._hasher = hasher
        self._hashed: Optional[threading.Lock] = None  # free once the last part is in the hash
        self._written = 0
        # All holders of one piece share a lock, so the former holder's last write ends before the next one's first.
        self._lock: threading.Lock = former._lock if former else threading.Lock()

    def write(self, data: memoryview) -> None:
        """The next bytes of the piece. Raises StoreError when the disk refuses them."""
        self._hash(data)
        with self._lock:
            if not self.lost:
                places = self.route.places(self._written, data) if self.route else ((self._written, data),)
                for begin, part in places:
                    self._write_at(self.piece, begin, part)
                self.touched = time.monotonic()
        self._written += len(data)

    @property
    def partial(self) -> bool:
        """Whether the piece may lack more than these bytes."""
        return self.route is not None

    @property
    def parallel(self) -> bool:
        """Whether the last part may still be read while the next one comes."""
        return self._hasher is not None

    def _hash(self, data: memoryview) -> None:
        if not self._hasher:
            self._sha.update(data)
            return
        self._await_hash()
        self._hashed = self._hasher.update(self._sha, data)

    def _await_hash(self) -> None:
        if self._hashed:
            self._hashed.acquire()
            self._hashed = None

    def finish(self) -> Optional[bool]:
        """All is written: True if it is right, and kept, False if a hash is wrong, None if the claim was lost."""
        self._await_hash()
        with self._lock:
            if self.lost:
                return None
            return self._settle(self, self._sha)

    def give_up(self) -> None:
        """Write no more; waits for a write that is under way."""
        with self._lock:
            self.lost = True

"""Which blocks of a new version weren't found on the host yet, where each belongs, and what each piece still lacks."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Set

from peer.core.blocks import HASH_BYTES
from peer.core.manifest import Manifest


class Place(NamedTuple):
    """Where a block belongs: in this piece, from this byte on. `number`: the block's own, in the row."""

    number: int
    piece: int
    begin: int


class Wanted:
    """The blocks that are missed so far. Each belongs to one piece, which is complete once it lacks none."""

    def __init__(self, manifest: Manifest) -> None:
        self._hashes = manifest.blocks
        self._places: Dict[int, Place] = {}  # by the block's number
        self._by_hash: Dict[bytes, List[int]] = {}
        self._lacking: Dict[int, int] = {}  # piece -> how many of its blocks
        self._complete: Set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._places

    def __len__(self) -> int:
        return len(self._places)

    def hash_of(self, number: int) -> bytes:
        """The 32-byte hash of a block."""
        return self._hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES]

    def miss(self, place: Place) -> None:
        """One more block that isn't where it was looked for."""
        self._places[place.number] = place
        self._by_hash.setdefault(self.hash_of(place.number), []).append(place.number)
        self._lacking[place.piece] = self._lacking.get(place.piece, 0) + 1

    def place(self, number: int) -> Place:
        """Where a missing block belongs."""
        return self._places[number]

    def with_hash(self, sha256: bytes) -> List[Place]:
        """The places of all missing blocks with this hash."""
        return [self._places[number] for number in self._by_hash.get(sha256, ())]

    def found(self, number: int) -> None:
        """A missing block is at its place now; nothing happens if that was known."""
        place = self._places.pop(number, None)
        if place is None:
            return
        twins = self._by_hash[self.hash_of(number)]
        twins.remove(number)
        if not twins:
            del self._by_hash[self.hash_of(number)]
        self._lacking[place.piece] -= 1
        if not self._lacking[place.piece]:
            del self._lacking[place.piece]
            self._complete.add(place.piece)

    def lacks(self, piece: int) -> bool:
        """Whether a block of the piece is missing."""
        return piece in self._lacking

    def take_complete(self) -> List[int]:
        """The pieces that have become complete since the last call."""
        complete, self._complete = sorted(self._complete), set()
        return complete

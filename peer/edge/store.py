"""The piece store: a payload's pieces on disk, from the first byte to the final name.

While the payload is incomplete, it is with its map in a temporary folder next to its final path. The bytes of a piece
are written as they come, but they count as a piece only once its hash was right: until then they are not served, and
not in the map. When all pieces are here, the data is synced, noted in the peer's record, and renamed.
"""

from __future__ import annotations

import os
import threading
from typing import Dict, Iterator, Optional

from peer.core import bits
from peer.core.errors import StoreError
from peer.core.manifest import Manifest
from peer.core.repeats import Repeats
from peer.core.route import Route
from peer.core.tally import Tally
from peer.edge.beginning import Beginning
from peer.edge.claims import Claims
from peer.edge.copies import is_right
from peer.edge.files import disk_error, sync_folder
from peer.edge.mapfile import MapFile
from peer.edge.ours.making import make_folders
from peer.edge.ours.recordfile import ForeignError, RecordFile
from peer.edge.papers import refusals
from peer.edge.partial import Partial
from peer.edge.parts import Parts
from peer.edge.payload import Payload
from peer.edge.resume import is_equal
from peer.edge.safety import Safety
from peer.edge.source import check_source
from peer.edge.unsynced import Unsynced


class Store:
    """One peer's copy of the payload in `folder`. `here` is the set of its pieces, `complete` whether the payload has
    its final name. What a leecher finds on its disk is `unchecked` until a `Check` has proved it.

    While an `older` copy has the final name, the pieces that are `lent` are read from that.

    New files are noted in `record`, which a seed doesn't need; `aside` and `extras` are those of `Job`. Writing a piece
    requires a claim from `claims`; `unsynced` tells what isn't on the disk itself yet, `parts` what is here of pieces
    that aren't complete; `repeats` is that of `Setup`. Methods may be called from any thread. All failures of the disk
    are StoreError with path and remedy.
    """

    def __init__(
        self,
        folder: str,
        manifest: Manifest,
        record: Optional[RecordFile] = None,
        aside: str = "",
        extras: bool = True,
        repeats: Optional[Repeats] = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.final_path = os.path.join(os.path.realpath(folder), manifest.name)
        self.here = self.unchecked = self.lent = 0
        self.complete = False
        self.older: Optional[Payload] = None
        self.parts = Parts(manifest, repeats)
        self.tally = Tally()
        self.claims = Claims(self)
        self.record = record
        self._aside = aside
        self._extras = extras
        self._work: Optional[Partial] = None
        self.payload = Payload(manifest, self.final_path, os.O_RDONLY)  # complete, or on its way to that
        self._safety = Safety(manifest)
        self.unsynced = Unsynced()
        self._lock = threading.Lock()  # for the sets of pieces; may be taken under the lock of the claims

    # ---- opening

    def open_seed(self) -> None:
        """The payload must be there, complete. Raises StoreError."""
        payload = Payload(self.manifest, self.final_path, os.O_RDONLY)
        check_source(self.manifest, self.final_path)
        self._use(payload)

    def open_leecher(self) -> None:
        """Nothing is here until a `Check` tells: this takes no time, whatever lies in the folder. Raises StoreError."""
        assert self.record is not None
        self.unchecked = bits.full(self.manifest.piece_count)
        try:
            with refusals():
                make_folders(self.record, self.folder)
        except OSError as error:
            raise disk_error(error, self.final_path) from None

    def _use(self, payload: Payload) -> None:
        """The payload is complete, under its final name."""
        self.payload = payload
        self.here = bits.full(self.manifest.piece_count)
        self.complete = True

    # ---- what lies on the disk already; each is called by one `Check`

    def look(self) -> Dict[int, bytes]:
        """Find the work of an earlier start; the first bytes of the hash of each piece in its map. Raises OSError."""
        assert self.record is not None
        self._work = Partial(self.record, self.final_path, self._aside)
        self._work.find()
        return MapFile(self._work.map, self.manifest).read() if self._work.path else {}

    def adopt(self, payload: Payload) -> bool:
        """Each piece of the copy under the final name is right: it stays there, unless all else can't be put right."""
        assert self.record is not None and self._work is not None
        if not is_right(self.manifest, self.final_path, self.record):
            return False
        if self.manifest.hashed:
            self._work.discard()
        self._use(payload)
        self.lent, self.older = 0, None
        return True

    def begin(self, known: Dict[int, bytes]) -> Beginning:
        """Go on with an earlier start's incomplete copy, of which its map `known`, or begin one. Raises OSError."""
        assert self._work is not None
        beginning = Beginning(self.manifest, self._work, self.unsynced)
        if not known:
            self._work.discard()
        beginning.refuse(bool(self._aside), self._extras)
        self.payload = beginning.make_folders()
        self._safety.begin(self._work.map)
        return beginning

    def gain(self, piece: int, blocks: int) -> bool:
        """These blocks of a piece are at their places; whether it is here now, and wasn't before."""
        lent = bool(self.lent >> piece & 1)
        self.tally.kept += 0 if lent else self.parts.length(piece, blocks)
        if self.parts.gain(piece, blocks):
            return False
        self.take(piece)
        return not lent

    def make_zeros(self) -> int:
        """Make all blocks of zeros; the set of the pieces that are here by that. Raises OSError."""
        made = 0
        for piece, zeros in self.parts.zeros():
            if self.here & ~self.lent & 1 << piece:
                continue
            blocks = zeros & self.parts.missing(piece)
            self.payload.clear(piece, blocks)
            length = self.parts.length(piece, blocks)
            self.tally.zero += length
            self.tally.kept -= length if self.lent >> piece & 1 else 0
            if not self.parts.gain(piece, blocks):
                made |= 1 << piece
        with self._lock:
            self.here |= made
            self.unchecked &= ~made
            self.lent &= ~made
        return made

    def prove(self, piece: int, lent: bool) -> None:
        """A piece is right: in the older copy if it is `lent`, else at its place."""
        bit = 1 << piece
        if not lent:
            self.payload.doubt(piece)
        with self._lock:
            self.here |= bit
            self.lent |= bit if lent else 0
            self.unchecked &= ~bit
        self.parts.close(piece)

    def refute(self, piece: int) -> None:
        """A piece isn't on the disk, and may be claimed."""
        with self._lock:
            self.unchecked &= ~(1 << piece)

    def take(self, piece: int) -> None:
        """A piece, each block of it proved, was written to its place from an older version."""
        self._count(piece, self.manifest.piece_hash(piece) or b"")

    def carry(self, piece: int) -> None:
        """Copy a lent piece to its place in the incomplete copy. Raises OSError, StoreError."""
        assert self.older is not None
        self.payload.take(self.older, piece, self.parts.solid(piece) & self.parts.missing(piece))
        sha256 = self.payload.hash_piece(piece)
        if sha256 != self.manifest.piece_hash(piece):
            raise StoreError(f"{self.older.root}: another program writes to it; stop that and start again")
        self._safety.add(piece, sha256)
        with self._lock:
            self.lent &= ~(1 << piece)

    def purge_map(self) -> None:
        """All is checked: from now on the map names no piece that isn't here."""
        self._safety.purge(self.payload, lambda: self.here)

    # ---- pieces that come

    def has(self, piece: int) -> bool:
        """Whether a piece is stored."""
        return bool(self.here >> piece & 1)

    def lacks(self, piece: int) -> bool:
        """Whether a piece isn't stored, and surely not on the disk."""
        return not (self.here | self.unchecked) >> piece & 1

    def route(self, piece: int, blocks: int) -> Optional[Route]:
        """See `Parts.route`."""
        return self.parts.route(piece, blocks)

    def write_at(self, piece: int, begin: int, data: memoryview) -> None:
        """Write bytes into a piece's place; for the holder of its claim only."""
        try:
            self.payload.write(piece, begin, data)
        except OSError as error:
            raise disk_error(error, self.payload.root) from None

    def keep(self, piece: int, sha256: bytes) -> bool:
        """Count a piece as stored whose bytes are all written, if their hash is right; for `claims` only."""
        expected = self.manifest.piece_hash(piece)
        if expected is not None and sha256 != expected:
            return False
        self._count(piece, sha256)
        return True

    def keep_part(self, piece: int, blocks: int, hashes: bytes) -> bool:
        """Count blocks as stored whose hashes are right, and the piece with its last one; for `claims` only."""
        right, left = self.parts.keep(piece, blocks, hashes)
        if not left:
            self._count(piece, self.manifest.piece_hash(piece) or b"")
        return right

    def _count(self, piece: int, sha256: bytes) -> None:
        with self._lock:
            self.here |= 1 << piece
            self.unchecked &= ~(1 << piece)
            self.lent &= ~(1 << piece)
        self._safety.add(piece, sha256)
        self.parts.close(piece)

    def checkpoint(self) -> None:
        """Sync what was written, then the map that names it: a power cut costs only what came later."""
        self._safety.checkpoint(self.payload)

    # ---- pieces that go

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece; 0 for the empty one after the last, which some foreign peers ask for."""
        return self.payload.piece_length(piece)

    def block_lengths(self, piece: int) -> Iterator[int]:
        """The bytes of each block of a piece."""
        return self.payload.block_lengths(piece)

    def copy_of(self, piece: int) -> Payload:
        """The copy from which to read a piece that is here."""
        return self.older if self.older and self.lent >> piece & 1 else self.payload

    def hash_piece(self, piece: int) -> bytes:
        """The hash of a piece as it lies on disk."""
        return self.copy_of(piece).hash_piece(piece)

    # ---- the end

    def finish(self) -> None:
        """All pieces are stored: set modes, sync, and give the payload its final name. Raises StoreError."""
        assert self._work is not None
        self.unsynced.release()
        try:
            with refusals(), self.unsynced.waits.counted(), self._safety.last(self.payload):
                self._work.note()
                self._move_into_place(self._work)
                sync_folder(self.folder)
            if self.manifest.hashed:  # without hashes only the map tells which bytes are right
                self.forget()
            self.complete = True
        except OSError as error:
            raise disk_error(error, self.final_path) from None

    def forget(self) -> None:
        """Remove the map, with its folder."""
        if self._work:
            self._work.discard()

    def _move_into_place(self, work: Partial) -> None:
        """Rename; an older version is removed afterwards. An equal copy that another peer put there may stay."""
        with self._lock, self.payload.undisturbed():
            try:
                work.turn()
            except ForeignError:
                if not is_equal(self.manifest, self.final_path):
                    raise
            self.payload.root = self.final_path
        work.settle()

    def close(self) -> None:
        """Close all files; the map stays."""
        self.claims.close()
        self.payload.close()
        if self.older:
            self.older.close()
        self._safety.close()

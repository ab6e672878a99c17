"""The piece store: a payload's pieces on disk, from the first byte to the final name.

While the payload is incomplete, it is with its map in a temporary folder next to its final path. The bytes of a piece
are written as they come, but they count as a piece only once its hash was right: until then they are not served, and
not in the map. When all pieces are here, the data is synced, noted in the peer's record, and renamed.
"""

from __future__ import annotations

import os
import threading
from typing import ContextManager, List, Optional, Tuple

from peer.core import bits
from peer.core.errors import StoreError
from peer.core.manifest import Manifest
from peer.edge.claims import Claims
from peer.edge.files import disk_error, free_bytes, size_of, sync_folder
from peer.edge.mapfile import MapFile
from peer.edge.ours import obstacles
from peer.edge.ours.making import make_folders
from peer.edge.ours.recordfile import ForeignError, RecordFile
from peer.edge.papers import refusals
from peer.edge.partial import Partial
from peer.edge.payload import Payload
from peer.edge.resume import adopt, matching


class Store:
    """One peer's copy of the payload in `folder`. After `open`, `here` is the set of its pieces, and
    `complete` whether the payload has its final name.

    New files are noted in `record`, which a seed doesn't need; `aside` and `extras` are those of `Job`. Writing a piece
    requires a claim from `claims`. Methods may be called from any thread. All failures of the disk are StoreError with
    path and remedy.
    """

    def __init__(
        self, folder: str, manifest: Manifest, record: Optional[RecordFile] = None, aside: str = "", extras: bool = True
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.final_path = os.path.join(os.path.realpath(folder), manifest.name)
        self.here = 0
        self.complete = False
        self.claims = Claims(self)
        self._record = record
        self._aside = aside
        self._extras = extras
        self._work: Optional[Partial] = None
        self._payload = Payload(manifest, self.final_path, os.O_RDONLY)
        self._map = MapFile("", manifest)
        self._lock = threading.Lock()  # for `here` and the map; may be taken under the lock of the claims
        self._syncing = threading.Lock()  # a checkpoint may be under way when the last piece comes

    # ---- opening

    def open_seed(self) -> None:
        """The payload must be there, complete. Raises StoreError."""
        payload = Payload(self.manifest, self.final_path, os.O_RDONLY)
        for path, entry in zip(payload.paths, self.manifest.files):
            size = size_of(path)
            if size is None:
                raise StoreError(f"{path}: the seed's file isn't there; put it there, or write hasFile 0 for this peer")
            if size != entry.size:
                raise StoreError(f"{path}: {self._other_size(size, entry.size)}")
            if not os.access(path, os.R_OK):
                raise StoreError(f"{path}: permission denied; give this user the right to read it")
        self._use(payload)

    def _other_size(self, size: int, wanted: int) -> str:
        """Why a seed's file doesn't have its size, and what to do about it."""
        if not self.manifest.pieces:
            return f"it has {size} bytes, and {wanted} in the configuration; correct one of the two"
        problem = f"it has {size} bytes and had {wanted} when it was hashed: another program has written to it since"
        return f"{problem}; stop that, or take it out of the payload, and deploy again"

    def open_leecher(self) -> None:
        """Find pieces from an earlier start, check them, and make room for the others. Raises StoreError."""
        assert self._record is not None
        try:
            with refusals():
                make_folders(self._record, self.folder)
                self._work = Partial(self._record, self.final_path, self._aside)
                self._work.find()
                self._open(self._work, self._record)
        except OSError as error:
            raise disk_error(error, self.final_path) from None

    def _open(self, work: Partial, record: RecordFile) -> None:
        known = MapFile(work.map, self.manifest).read() if work.path else {}
        adopted = adopt(self.manifest, self.final_path, known, record)
        if adopted:
            if self._is_checkable:
                work.discard()
            self._use(adopted)
            return
        obstacles.refuse(record, self.final_path, self.manifest, bool(self._aside), self._extras)
        if not known:
            work.discard()
        self._check_room(work)
        work.begin()
        self._payload = Payload(self.manifest, work.part, os.O_RDWR)
        self._map = MapFile(work.map, self.manifest)
        self._payload.create()
        self.here = matching(self._payload, known)
        self._start_map()

    @property
    def _is_checkable(self) -> bool:
        """Whether hashes show which bytes are right; without them only the map of the same run can."""
        return len(self.manifest.pieces) == self.manifest.piece_count

    def _use(self, payload: Payload) -> None:
        """The payload is complete, under its final name."""
        self._payload = payload
        self.here = bits.full(self.manifest.piece_count)
        self.complete = True

    def _check_room(self, work: Partial) -> None:
        free = free_bytes(self.folder)
        if free is None:
            return  # the disk reports nothing; if it is full, a write will fail
        held = Payload(self.manifest, work.part, os.O_RDONLY).held_bytes() if work.path else 0
        room = free + held
        if room < self.manifest.size:
            problem = f"the payload needs {self.manifest.size} bytes and {room} are free"
            raise StoreError(f"{self.folder}: {problem}; make room there")

    def _start_map(self) -> None:
        """Begin a new map with the pieces that are here."""
        self._map.begin()
        for piece in bits.indices(self.here):
            self._map.add(piece, self.manifest.piece_hash(piece) or self.hash_piece(piece))
        self.checkpoint()
        self._map.take_place()
        sync_folder(self.folder)

    # ---- pieces that come

    def lacks(self, piece: int) -> bool:
        """Whether a piece isn't stored yet."""
        return not self.here >> piece & 1

    def write_at(self, piece: int, begin: int, data: memoryview) -> None:
        """Write bytes into a piece's place; for the holder of its claim only."""
        try:
            self._payload.write(piece, begin, data)
        except OSError as error:
            raise disk_error(error, self._payload.root) from None

    def keep(self, piece: int, sha256: bytes) -> bool:
        """Count a piece as stored whose bytes are all written, if their hash is right; for `claims` only."""
        expected = self.manifest.piece_hash(piece)
        if expected is not None and sha256 != expected:
            return False
        with self._lock:
            self.here |= 1 << piece
            self._map.add(piece, sha256)
        return True

    def checkpoint(self) -> None:
        """Sync the stored pieces, then the map that names them: a power cut costs only later pieces."""
        with self._syncing:
            with self._lock:
                records = self._map.records
            if not self._map.open or records == self._map.synced:
                return
            self._payload.sync()
            self._map.sync(records)

    # ---- pieces that go

    def segments(self, piece: int) -> List[Tuple[int, int, int]]:
        """The parts of files that make up a piece: (file number, offset, length)."""
        return list(self._payload.segments(piece))

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece; 0 for the empty one after the last, which some foreign peers ask for."""
        return self._payload.piece_length(piece)

    def descriptor(self, file: int) -> ContextManager[int]:
        """The descriptor of a file, for reading at offsets, kept open while the block runs."""
        return self._payload.descriptor(file)

    def cut_short(self, file: int) -> StoreError:
        """The error for a file that is shorter than its pieces."""
        path = self._payload.path(file)
        return StoreError(f"{path}: it became shorter after this peer started; put the complete file back")

    def hash_piece(self, piece: int) -> bytes:
        """SHA-256 of a piece as it lies on disk."""
        return self._payload.hash_piece(piece)

    # ---- the end

    def finish(self) -> None:
        """All pieces are stored: set modes, sync, and give the payload its final name. Raises StoreError."""
        assert self._work is not None
        try:
            with self._syncing, refusals():
                self._payload.seal()
                self._work.note()
                self._move_into_place(self._work)
                sync_folder(self.folder)
                self._close_map()
                if self._is_checkable:
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
        with self._lock, self._payload.undisturbed():
            try:
                work.turn()
            except ForeignError:
                same = adopt(self.manifest, self.final_path, {}, work.record)
                if not same:
                    raise
                same.close()
            self._payload.root = self.final_path
        work.settle()

    def close(self) -> None:
        """Close all files; the map stays."""
        self.claims.close()
        self._payload.close()
        self._close_map()

    def _close_map(self) -> None:
        with self._lock:
            self._map.close()

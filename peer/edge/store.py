"""The piece store: a payload's pieces on disk, from the first byte in a `.part` to the final name.

While the payload is incomplete it lies at `<name>.part` (a file, or a folder for a tree) beside `<name>.part.map`. The
bytes of a piece go to their place as they come, but the place counts as a piece only after its hash was right: until
then nobody reads it, and the map doesn't name it. When all pieces are here the data is synced and renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
import time
from typing import ContextManager, Dict, List, Optional, Set, Tuple

from peer.core import bits, piecemap
from peer.core.errors import StoreError
from peer.core.layout import Layout
from peer.core.manifest import Manifest
from peer.edge.files import OpenFiles, disk_error, free_bytes, remove, sync_folder, write_all

CLAIM_SECONDS = 1.0  # a writer that was silent for so long loses its piece to the next one
CHUNK = 256 * 1024
MOST_SYNCED = 256  # files synced one by one; beyond, the whole system's buffers are
_ALLOCATE_STEP = 64 * 1024 * 1024
_ALLOCATE_PATIENCE = 0.005  # seconds a step may take; a file system that is slower writes zeros: we do without


class Claim:
    """The right to write one piece. It may be taken over, after which the former holder's bytes go nowhere."""

    def __init__(self, store: "Store", piece: int, former: "Optional[Claim]") -> None:
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


class Store:
    """One peer's copy of the payload in `folder`. `here` and `whole` tell, after `open`, what is there.

    Methods may be called from any thread. All failures of the disk are StoreError with path and remedy.
    """

    def __init__(self, folder: str, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.final_path = os.path.join(folder, manifest.name)
        self.here = 0
        self.whole = False
        self._part_path = self.final_path + ".part"
        self._map_path = self._part_path + ".map"
        self._aside_path = self.final_path + ".old.part"
        self._root = self._part_path
        self._layout = Layout(manifest)
        self._lock = threading.Lock()
        self._syncing = threading.Lock()  # a checkpoint may be under way when the last piece comes
        self._claims: Dict[int, Claim] = {}
        self._files = OpenFiles(self._path_of, os.O_RDWR)
        self._map: Optional[int] = None
        self._records = 0  # pieces named in the map
        self._synced = 0  # how many of them its last mark vouches for

    # ---- opening

    def open_seed(self) -> None:
        """The payload must be there, whole. Raises StoreError."""
        for number, entry in enumerate(self.manifest.files):
            path = self._path_below(self.final_path, number)
            size = _size_of(path)
            if size is None:
                raise StoreError(f"{path}: the seed's file isn't there; put it there, or write hasFile 0 for this peer")
            if size != entry.size:
                problem = f"it has {size} bytes, the configuration says {entry.size}"
                raise StoreError(f"{path}: {problem}; correct one of the two")
            if not os.access(path, os.R_OK):
                raise StoreError(f"{path}: permission denied; give this user the right to read it")
        self._use_final()

    def open_leecher(self) -> None:
        """Find out what is there from earlier, check what is in doubt, make room for the rest. Raises StoreError."""
        try:
            os.makedirs(self.folder, exist_ok=True)
            if self._adopt_final():
                return
            self._open_part()
        except OSError as error:
            raise disk_error(error, self._part_path) from None

    def _use_final(self) -> None:
        self._root = self.final_path
        self._files = OpenFiles(self._path_of, os.O_RDONLY)
        self.here = bits.full(self.manifest.piece_count)
        self.whole = True

    def _adopt_final(self) -> bool:
        """Whether what stands under the final name is this very payload, from an earlier life or run."""
        prints = self._known_prints()
        if not prints or len(prints) < self.manifest.piece_count or not self._has_files(self.final_path):
            return False
        root, self._root = self._root, self.final_path
        files, self._files = self._files, OpenFiles(self._path_of, os.O_RDONLY)
        try:
            good = self._matching(prints)
        finally:
            self._files.close()
            self._root, self._files = root, files
        if good == bits.full(self.manifest.piece_count):
            self._remove_part()
            remove(self._aside_path)
            self._use_final()
            return True
        return False

    def _known_prints(self) -> Dict[int, bytes]:
        """What each piece's hash begins with: from the manifest or, where it has none, from an earlier life's map."""
        if self.manifest.pieces:
            return dict(enumerate(self.manifest.pieces))
        return piecemap.fingerprints(_read_if_there(self._map_path), self.manifest.digest, self.manifest.piece_count)

    def _has_files(self, root: str) -> bool:
        """Whether all files are there with their sizes."""
        paths = (self._path_below(root, number) for number in range(len(self.manifest.files)))
        return all(_size_of(path) == entry.size for path, entry in zip(paths, self.manifest.files))

    def _open_part(self) -> None:
        data = _read_if_there(self._map_path)
        prints = piecemap.fingerprints(data, self.manifest.digest, self.manifest.piece_count)
        sure = piecemap.parse(data, self.manifest.digest, self.manifest.piece_count).sure
        if not prints:
            self._remove_part()
        if not self._has_files(self._part_path):
            sure = set()  # somebody cut or removed what was synced
        self._check_room()
        self._create_files()
        self.here = self._recall(prints, sure)
        self._start_map()

    def _recall(self, prints: Dict[int, bytes], sure: Set[int]) -> int:
        """The set of pieces that the map vouches for; those it isn't sure of are read and hashed again."""
        here = 0
        for piece in sure:
            here |= 1 << piece
        return here | self._matching({piece: wanted for piece, wanted in prints.items() if piece not in sure})

    def _matching(self, prints: Dict[int, bytes]) -> int:
        """The set of those pieces whose hash begins so on disk; hashed by as many threads as there are cores."""

        def check(piece: int) -> int:
            wanted = prints[piece]
            return 1 << piece if self.hash_piece(piece)[: len(wanted)] == wanted else 0

        if not prints:
            return 0
        found = 0
        from concurrent.futures import ThreadPoolExecutor  # only a start over old data needs it, and it is slow to load

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for bit in pool.map(check, prints):
                found |= bit
        return found

    def _remove_part(self) -> None:
        remove(self._part_path)
        remove(self._map_path)

    def _check_room(self) -> None:
        room = free_bytes(self.folder)
        held = sum(_allocated(self._path_below(self._part_path, number)) for number in range(len(self.manifest.files)))
        if room + held < self.manifest.size:
            problem = f"the payload needs {self.manifest.size} bytes and {room + held} are free"
            raise StoreError(f"{self.folder}: {problem}; make room there")

    def _create_files(self) -> None:
        if self.manifest.tree:
            below = [os.path.join(self._part_path, folder.path) for folder in self.manifest.folders]
            for path in [self._part_path, *below]:
                os.makedirs(path, exist_ok=True)
                os.chmod(path, 0o700)  # until the end: a crash may have left the final modes
        for number, entry in enumerate(self.manifest.files):
            _preallocate(self._path_of(number), entry.size)

    # ---- where things are

    def _path_of(self, number: int) -> str:
        return self._path_below(self._root, number)

    def _path_below(self, root: str, number: int) -> str:
        return os.path.join(root, self.manifest.files[number].path) if self.manifest.tree else root

    # ---- pieces

    def claim(self, piece: int) -> Optional[Claim]:
        """The right to write a piece; None if it is stored, or just being written by somebody else."""
        with self._lock:
            holder = self._claims.get(piece)
            if self.here >> piece & 1 or (holder and time.monotonic() - holder.touched < CLAIM_SECONDS):
                return None
            if holder:
                holder.lost = True
            claim = self._claims[piece] = Claim(self, piece, holder)
        return claim

    def abandon(self, claim: Claim) -> None:
        """The piece won't be finished by this holder."""
        claim.give_up()
        with self._lock:
            if self._claims.get(claim.piece) is claim:
                del self._claims[claim.piece]

    def write_at(self, piece: int, begin: int, data: memoryview) -> None:
        """Write bytes into a piece's place; for the holder of its claim only."""
        try:
            for segment in self._layout.segments(piece, begin, len(data)):
                with self._files.descriptor(segment.file) as descriptor:
                    _write_fully(descriptor, data[: segment.length], segment.offset)
                data = data[segment.length :]
        except OSError as error:
            raise disk_error(error, self._part_path) from None

    def settle(self, claim: Claim, sha256: bytes) -> Optional[bool]:
        """Store a piece whose bytes are all written: see `Claim.finish`."""
        expected = self.manifest.piece_hash(claim.piece)
        good = expected is None or sha256 == expected
        with self._lock:
            if self._claims.get(claim.piece) is not claim:
                return None
            del self._claims[claim.piece]
            if good:
                self.here |= 1 << claim.piece
                self._append_to_map(piecemap.record(claim.piece, sha256))
                self._records += 1
        return good

    def segments(self, piece: int) -> List[Tuple[int, int, int]]:
        """What to send of which file for a whole piece: (file number, offset, length)."""
        return list(self._layout.segments(piece, 0, self._layout.piece_length(piece)))

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece; 0 for the empty one behind the last that some foreign peers ask for."""
        return self._layout.piece_length(piece)

    def descriptor(self, file: int) -> ContextManager[int]:
        """The descriptor of a file, for reading at offsets, kept open while the block runs."""
        return self._files.descriptor(file)

    def cut_short(self, file: int) -> StoreError:
        """What to say of a file that ended before its pieces did."""
        return StoreError(f"{self._path_of(file)}: it has become shorter since this peer started; put it back, whole")

    def hash_piece(self, piece: int) -> bytes:
        """SHA-256 of a piece as it lies on disk."""
        sha = hashlib.sha256()
        for file, offset, length in self.segments(piece):
            with self._files.descriptor(file) as descriptor:
                while length > 0:
                    data = os.pread(descriptor, min(length, CHUNK), offset)
                    if not data:
                        break
                    sha.update(data)
                    offset += len(data)
                    length -= len(data)
        return sha.digest()

    # ---- the map, and the end

    def _start_map(self) -> None:
        """A map anew: what is known now, then what comes. The old one stays until the new one is whole."""
        temporary = self._map_path + ".new"
        self._map = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        self._append_to_map(piecemap.header(self.manifest.digest))
        for piece in bits.indices(self.here):
            self._append_to_map(piecemap.record(piece, self.manifest.piece_hash(piece) or self.hash_piece(piece)))
            self._records += 1
        self.checkpoint()
        os.replace(temporary, self._map_path)
        sync_folder(self.folder)

    def _append_to_map(self, data: bytes) -> None:
        if self._map is not None:
            try:
                write_all(self._map, data)
            except OSError as error:
                raise disk_error(error, self._map_path) from None

    def checkpoint(self) -> None:
        """Sync what is stored so far and mark it in the map: after a power cut it needn't be hashed again."""
        with self._syncing:
            with self._lock:
                records = self._records
            if self._map is None or records == self._synced:
                return
            self._sync_files()
            with self._lock:
                self._append_to_map(piecemap.sync_mark(records))
                self._synced = records
            os.fsync(self._map)

    def _sync_files(self) -> None:
        if len(self.manifest.files) > MOST_SYNCED:
            os.sync()
            return
        for number in range(len(self.manifest.files)):
            with self._files.descriptor(number) as descriptor:
                os.fsync(descriptor)

    def finish(self) -> None:
        """All pieces are stored: set modes, sync, and give the payload its final name. Raises StoreError."""
        try:
            with self._syncing:
                self._files.read_only()  # nothing is written any more, and the final modes may forbid it
                self._set_modes()
                self._sync_files()
                self._sync_folders()
                self._move_into_place()
                sync_folder(self.folder)
                self._close_map()
                if len(self.manifest.pieces) == self.manifest.piece_count:
                    self.forget()
                self.whole = True
        except OSError as error:
            raise disk_error(error, self.final_path) from None

    def forget(self) -> None:
        """Remove the map. Without hashes only the map can tell, in a later life of the same run, what is here."""
        remove(self._map_path)

    def _set_modes(self) -> None:
        for number, entry in enumerate(self.manifest.files):
            with self._files.descriptor(number) as descriptor:
                os.fchmod(descriptor, entry.mode)

    def _sync_folders(self) -> None:
        if not self.manifest.tree:
            return
        for folder in sorted(self.manifest.folders, reverse=True):  # a folder after what is in it
            path = os.path.join(self._part_path, folder.path)
            sync_folder(path)
            os.chmod(path, folder.mode)
        sync_folder(self._part_path)
        os.chmod(self._part_path, self.manifest.root_mode)

    def _move_into_place(self) -> None:
        """Rename; what stood under the final name is put aside first and removed only when the new one stands there."""
        with self._lock, self._files.undisturbed():
            if self.manifest.tree and os.path.lexists(self.final_path):
                remove(self._aside_path)
                os.rename(self.final_path, self._aside_path)
            elif os.path.isdir(self.final_path):
                raise StoreError(f"{self.final_path}: a folder stands where the file belongs; move it away")
            os.rename(self._part_path, self.final_path)
            self._root = self.final_path
        remove(self._aside_path)

    def close(self) -> None:
        """Let go of all files; the map keeps what was stored."""
        self._files.close()
        self._close_map()

    def _close_map(self) -> None:
        with self._lock:
            descriptor, self._map = self._map, None
        if descriptor is not None:
            os.close(descriptor)


def _size_of(path: str) -> Optional[int]:
    """Bytes of a regular file; None for anything else."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_size if stat.S_ISREG(info.st_mode) else None


def _allocated(path: str) -> int:
    try:
        return os.stat(path).st_blocks * 512
    except OSError:
        return 0


def _read_if_there(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _write_fully(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


def _preallocate(path: str, size: int) -> None:
    """A file of `size` bytes, with its room reserved where that costs nothing."""
    if os.path.exists(path):
        os.chmod(path, 0o600)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size == size:
            return
        os.ftruncate(descriptor, size)
        for offset in range(0, size, _ALLOCATE_STEP):
            begin = time.monotonic()
            if not _allocate(descriptor, offset, min(_ALLOCATE_STEP, size - offset)):
                return
            if time.monotonic() - begin > _ALLOCATE_PATIENCE:
                return
    finally:
        os.close(descriptor)


def _allocate(descriptor: int, offset: int, length: int) -> bool:
    """Reserve room; False where the system can't. Raises OSError when the disk is full."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(descriptor, offset, length)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENODEV):
            return False
        raise
    return True

"""The piece map's file: read when a peer starts, appended to, and synced after the data."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Optional

from peer.core import piecemap, recut
from peer.core.manifest import Manifest
from peer.edge.files import disk_error, write_all


class MapFile:
    """A map at `path`. The store lets one thread at a time write."""

    def __init__(self, path: str, manifest: Manifest) -> None:
        self.path = path
        self.records = 0  # pieces added to it
        self.synced = 0  # how many of them are on the disk itself, with their data
        self._old = False  # whether there are others before them, from an earlier start
        self._manifest = manifest
        self._digest = manifest.digest
        self._descriptor: Optional[int] = None

    def read(self) -> Dict[int, bytes]:
        """The first bytes of each piece's hash from an earlier start; nothing if there is no map of this payload.

        It may have come in pieces of another size then: those of ours that are in them.
        """
        data = self._data()
        if not data or piecemap.sound_length(data, self._digest):
            return piecemap.parse(data, self._digest, self._manifest.piece_count)
        for other in recut.others(self._manifest):
            pieces = piecemap.parse(data, other.digest, other.piece_count)
            if pieces:
                ours = recut.covered(self._manifest, pieces, other)
                return {piece: self._manifest.pieces[piece][: piecemap.PRINT_BYTES] for piece in ours}
        return {}

    def _data(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError:
            return b""

    # ---- writing; raises StoreError if the disk refuses

    def begin(self) -> None:
        """Go on with the map that is there, as far as it is sound, or begin one. What it names is hashed again."""
        sound = piecemap.sound_length(self._data(), self._digest)
        if not sound:
            self._replace(self.read())
            return
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        os.ftruncate(self._descriptor, sound)
        self._old = sound > piecemap.length(0)

    def purge(self, here: int) -> None:
        """Write it anew if it names pieces that aren't in `here`; the data of those that are must be synced."""
        known = self.read()
        right = {piece: start for piece, start in known.items() if here >> piece & 1}
        if len(right) < len(known):
            self.close()
            self._replace(right)

    def _replace(self, prints: Dict[int, bytes]) -> None:
        """A new map with these pieces, in one step."""
        temporary = self.path + ".new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # from an earlier start; all files in the work folder are ours
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        self._descriptor = os.open(temporary, flags, 0o600)
        records = (piecemap.record(piece, start) for piece, start in prints.items())
        self._append(b"".join([piecemap.header(self._digest), *records]))
        if prints:
            os.fsync(self._descriptor)
        self.records, self.synced, self._old = len(prints), 0, False
        os.replace(temporary, self.path)

    def add(self, piece: int, sha256: bytes) -> None:
        """A piece was written."""
        self._append(piecemap.record(piece, sha256))
        self.records += 1

    def sync(self, records: int) -> None:
        """Sync the map. `records`: how many of its pieces have their data on the disk already."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            self.synced = records

    def cut(self) -> None:
        """Data was lost: name safe pieces only, none of an earlier start, and add none any more."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, piecemap.length(0 if self._old else self.synced))
            self.close()

    def _append(self, data: bytes) -> None:
        if self._descriptor is not None:
            try:
                write_all(self._descriptor, data)
            except OSError as error:
                raise disk_error(error, self.path) from None

    @property
    def open(self) -> bool:
        """Whether it is being written."""
        return self._descriptor is not None

    def close(self) -> None:
        """Close the file; its contents stay."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

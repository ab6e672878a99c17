"""The piece map's file: read when a peer starts, rewritten, then appended to, and synced after the data."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Optional

from peer.core import piecemap
from peer.core.manifest import Manifest
from peer.edge.files import disk_error, write_all


class MapFile:
    """A map at `path`. The store lets one thread at a time write."""

    def __init__(self, path: str, manifest: Manifest) -> None:
        self.path = path
        self.records = 0  # pieces named in it
        self.synced = 0  # how many of them are on the disk itself, with their data
        self._digest = manifest.digest
        self._total = manifest.piece_count
        self._descriptor: Optional[int] = None

    def read(self) -> Dict[int, bytes]:
        """The first bytes of each piece's hash from an earlier start; nothing if there is no map of this payload."""
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError:
            data = b""
        return piecemap.parse(data, self._digest, self._total)

    # ---- writing; raises StoreError if the disk refuses

    def begin(self) -> None:
        """Begin a new map. The old one stays until `take_place`."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary)  # from an earlier start; all files in the work folder are ours
        self._descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        self._append(piecemap.header(self._digest))

    def take_place(self) -> None:
        """The new map is complete: replace the old one by it."""
        os.replace(self._temporary, self.path)

    def add(self, piece: int, sha256: bytes) -> None:
        """A piece was written."""
        self._append(piecemap.record(piece, sha256))
        self.records += 1

    def sync(self, records: int) -> None:
        """Sync the map. `records`: how many of its pieces have their data on the disk already."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)
            self.synced = records

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

    @property
    def _temporary(self) -> str:
        return self.path + ".new"

    def close(self) -> None:
        """Close the file; its contents stay."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

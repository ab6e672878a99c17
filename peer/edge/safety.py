"""What a power cut leaves: syncs the data of a copy, then the map that names it, in this order, again and again."""

from __future__ import annotations

import contextlib
import threading
from typing import Callable, Iterator

from peer.core.manifest import Manifest
from peer.edge.files import disk_error
from peer.edge.mapfile import MapFile
from peer.edge.payload import Payload


class Safety:
    """The map of one copy, once it has begun. Methods may be called from any thread, and raise StoreError."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._map = MapFile("", manifest)
        self._lock = threading.Lock()  # for the map
        self._syncing = threading.Lock()  # a checkpoint may be under way when the last piece comes

    def begin(self, path: str) -> None:
        """Go on with the map at this path, or begin one. Raises OSError."""
        self._map = MapFile(path, self._manifest)
        self._map.begin()

    def add(self, piece: int, sha256: bytes) -> None:
        """A piece was written."""
        with self._lock:
            self._map.add(piece, sha256)

    def checkpoint(self, payload: Payload) -> None:
        """A power cut costs only what comes later."""
        with self._syncing:
            with self._lock:
                records = self._map.records
            if not self._map.open:
                return
            with self._honest(payload):
                payload.sync()
                if records != self._map.synced:
                    self._map.sync(records)

    def purge(self, payload: Payload, here: Callable[[], int]) -> None:
        """From now on the map names no piece that isn't `here`."""
        with self._syncing:
            with self._honest(payload):
                payload.sync()
            with self._lock:
                self._map.purge(here())

    @contextlib.contextmanager
    def last(self, payload: Payload) -> Iterator[None]:
        """While the block runs, the copy gets its final name; the map is closed afterwards. Raises OSError too."""
        with self._syncing:
            with self._honest(payload):
                payload.seal()
            yield
            self.close()

    @contextlib.contextmanager
    def _honest(self, payload: Payload) -> Iterator[None]:
        """If the block loses data, the map forgets it: the next start mustn't believe what it may still find in the
        system's memory. Raises StoreError."""
        try:
            yield
        except OSError as error:
            with self._lock:
                if payload.lost:
                    self._map.cut()
            raise disk_error(error, payload.root) from None

    def close(self) -> None:
        """Close the map; it stays."""
        with self._lock:
            self._map.close()

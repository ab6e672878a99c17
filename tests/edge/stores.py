"""A seed's store and a leecher's side by side, for tests that carry pieces from one to the other by hand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Iterable, List, Optional

from peer.core.finding import DiskEvent
from peer.core.manifest import Manifest
from peer.core.repeats import Repeats
from peer.edge.checking import Check
from peer.edge.hashing import make_manifest
from peer.edge.ours.recordfile import RecordFile
from peer.edge.papers import open_record
from peer.edge.store import Store
from tests.helpers.swarmfolder import Wish, content_of, make_payload

NAME = "payload"


class Pair:
    """An original, and the folder of a leecher that shall get it. `wish`: size, piece size, file or tree.

    `mode`: that of the file, if not the usual one.
    """

    def __init__(self, root: Path, wish: Wish, mode: int = 0) -> None:
        self.original = root / "seed" / NAME
        make_payload(self.original, wish)
        if mode:
            self.original.chmod(mode)
        self.hashed(make_manifest(str(self.original), wish.piece_size))
        self._records: List[RecordFile] = []
        self.home = root / "home"
        self.home.mkdir()
        self.folder = root / "leecher"
        self.final = self.folder / NAME

    def hashed(self, manifest: Manifest) -> Pair:
        """The original has this manifest (from now on)."""
        self.manifest = manifest
        self._seed = Store(str(self.original.parent), manifest)
        self._seed.open_seed()
        return self

    def opened(self, manifest: Optional[Manifest] = None) -> Store:
        """The leecher's store, opened (again) as a peer does when it starts."""
        store = self.store(manifest)
        open_and_check(store)
        return store

    def store(
        self,
        manifest: Optional[Manifest] = None,
        aside: str = "",
        extras: bool = True,
        repeats: Optional[Repeats] = None,
    ) -> Store:
        """The leecher's store, not opened yet."""
        self._records.append(open_record(str(self.home), 1002))
        return Store(str(self.folder), manifest or self.manifest, self._records[-1], aside, extras, repeats)

    def forget(self) -> None:
        """Begin again: no copy, no work, no record."""
        self._close_records()
        for folder in (self.folder, self.home):
            shutil.rmtree(folder, ignore_errors=True)
        self.home.mkdir()

    def take_over(self, other: "Pair") -> None:
        """From now on, this payload comes to where the other's leecher is."""
        self.home, self.folder, self.final = other.home, other.folder, other.final

    def _close_records(self) -> None:
        for record in self._records:
            record.close()
        self._records.clear()

    @property
    def work(self) -> Path:
        """Where the incomplete copy and its map lie."""
        (found,) = self.folder.glob(".weft-*")
        return found

    def bytes_of(self, piece: int) -> bytes:
        """A piece as the seed has it."""
        found = b""
        copy = self._seed.copy_of(piece)
        for file, offset, length in copy.segments(piece):
            with copy.descriptor(file) as descriptor:
                found += os.pread(descriptor, length, offset)
        return found

    def deliver(self, store: Store, pieces: Iterable[int]) -> None:
        """Carry pieces over, whole and right."""
        for piece in pieces:
            assert write_piece(store, piece, self.bytes_of(piece)) is True

    def complete(self, store: Store) -> None:
        """Carry over what is missing and give the payload its name."""
        self.deliver(store, [piece for piece in range(self.manifest.piece_count) if not store.here >> piece & 1])
        store.finish()
        store.close()

    def assert_arrived(self) -> None:
        """The payload stands under its final name, and nothing beside it."""
        assert content_of(self.final) == content_of(self.original)
        left = sorted(os.listdir(self.folder))
        assert left == [NAME], left

    def close(self) -> None:
        """Let go of the original."""
        self._close_records()
        self._seed.close()


def open_and_check(store: Store) -> List[DiskEvent]:
    """Open a leecher's store, and let all that lies there be checked; what was told."""
    told: List[DiskEvent] = []
    store.open_leecher()
    Check(store, told.append).run()
    return told


def write_piece(store: Store, piece: int, data: bytes, step: int = 5000) -> Optional[bool]:
    """What a reader thread does with a piece that comes in parts; None too where the claim is refused."""
    claim = store.claims.claim(piece)
    if claim is None:
        return None
    for begin in range(0, len(data), step):
        claim.write(memoryview(data)[begin : begin + step])
    return claim.finish()

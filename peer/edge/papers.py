"""A peer's own files in its working directory: record, lock, log, trace, status; files that aren't ours are refused."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator, List

from peer.core import folder as names
from peer.core.errors import StoreError
from peer.edge.files import file_error
from peer.edge.lock import Lock
from peer.edge.ours import turning
from peer.edge.ours.making import open_growing
from peer.edge.ours.recordfile import ForeignError, LateViews, RecordFile

AGENTS = ".weft"  # the record of the agent that deployed the swarm


def take_lock(folder: str, peer: int) -> Lock:
    """The peer's lock; its file is made and noted if there is none. Raises BusyError, StoreError."""
    path = os.path.join(os.path.abspath(folder), names.lock(peer))
    if not os.path.lexists(path):
        record = open_record(folder, peer)
        try:
            with refusals(path), contextlib.suppress(FileExistsError):  # the same peer started twice
                os.close(open_growing(record, path, os.O_RDWR))
        finally:
            record.close()
    return Lock(folder, peer)


def open_record(folder: str, peer: int) -> RecordFile:
    """A peer's record, which also reads the other records of its folder. Raises StoreError."""
    folder = os.path.abspath(folder)
    path = os.path.join(folder, names.record(peer))
    with refusals(path):
        record = RecordFile(path, f"peer {peer}")
        others = [name for name in os.listdir(folder) if names.is_record(name) and name != names.record(peer)]
        record.readers = LateViews(folder, [AGENTS, *others])
        return record


class Papers:
    """A peer's own files, ready to be written; the caller holds the lock. Raises StoreError, OSError."""

    def __init__(self, folder: str, peer: int) -> None:
        folder = os.path.abspath(folder)
        self.record = open_record(folder, peer)
        self.log = os.path.join(folder, names.log(peer))
        self.status = os.path.join(folder, names.status(peer))
        self._refuse_foreign([os.path.join(folder, names.lock(peer)), self.log, self.status])
        for work, goal in self.record.work():
            if not goal:  # entries with a goal belong to the store
                turning.discard(self.record, work)
        self.record.compact()
        self.record.claim_status(self.status, peer)
        self.temporary = self.record.fresh(folder)
        os.close(open_growing(self.record, self.log, os.O_RDWR))
        self.trace = self._room_for_trace(os.path.join(folder, names.trace(peer)))

    def _room_for_trace(self, path: str) -> str:
        """The trace's file, there from now on; "" where a foreign file or the disk is in the way: a run needs none."""
        try:
            os.close(open_growing(self.record, path, os.O_RDWR))
        except (ForeignError, OSError):
            return ""
        return path

    def _refuse_foreign(self, paths: List[str]) -> None:
        foreign = [path for path in paths if os.path.lexists(path) and not self.record.is_ours(path)]
        if foreign:
            also = "".join(f", {os.path.basename(path)}" for path in foreign[1:])
            raise StoreError(f"{foreign[0]}{also}: Weft has no record of making it; move it away")


@contextlib.contextmanager
def refusals(path: str = "") -> Iterator[None]:
    """An error as one line: a foreign file that is in the way, or (with the intended `path`) an error of the disk."""
    try:
        yield
    except ForeignError as error:
        remedy = "move it away, or write `replace: true` in the inventory to have it put aside"
        raise StoreError(f"{error}; {error.remedy or remedy}") from None
    except OSError as error:
        if not path or isinstance(error, FileExistsError):
            raise
        raise file_error(error, path) from None

"""Begins an incomplete copy: what is in the way is refused, what hasn't changed is kept, and the rest is made empty."""

from __future__ import annotations

import os
from typing import Callable, Iterator, Optional

from peer.core.layout import Run
from peer.core.manifest import Manifest
from peer.core.repeats import Repeats
from peer.edge import nametrial
from peer.edge.files import sync_folder
from peer.edge.keeping import Keeping, keeping_of
from peer.edge.ours import obstacles
from peer.edge.partial import Partial
from peer.edge.payload import Payload
from peer.edge.room import check_room
from peer.edge.unsynced import Unsynced


class Beginning:
    """The first steps of the copy in `work`, one after the other. `unsynced` is that of the store.

    All methods raise OSError, and StoreError where there is no room.
    """

    def __init__(self, manifest: Manifest, work: Partial, unsynced: Unsynced) -> None:
        self._manifest = manifest
        self._work = work
        self._unsynced = unsynced
        self._folder = os.path.dirname(work.final)

    def refuse(self, replace: bool, extras: bool) -> None:
        """What is in the way, or has no room: see `obstacles.refuse`."""
        obstacles.refuse(self._work.record, self._work.final, self._manifest, replace, extras)
        old = self._keeping(Payload(self._manifest, self._work.final, os.O_RDONLY))
        check_room(self._manifest, self._folder, self._part, lambda: old.bytes if old else 0)

    @property
    def _part(self) -> str:
        return self._work.part if self._work.path else ""

    def make_folders(self) -> Payload:
        """The copy, with its folders."""
        self._work.begin()
        nametrial.refuse(self._work.path, self._manifest)
        made = Payload(self._manifest, self._work.part, os.O_RDWR, self._unsynced)
        made.create_folders()
        return made

    def keep_files(self, made: Payload, is_over: Callable[[], bool]) -> Iterator[Run]:
        """Keep files of the tree under the final name; their blocks, which are right and at their places."""
        keeping = self._keeping(made)
        return keeping.run(is_over) if keeping else iter(())

    def _keeping(self, made: Payload) -> Optional[Keeping]:
        return keeping_of(self._manifest, self._work.final, made, self._work.record)

    def make_files(self, made: Payload, repeats: Optional[Repeats]) -> None:
        """Make all other files, empty."""
        check_room(self._manifest, self._folder, self._part)
        made.create_files(repeats)
        sync_folder(self._folder)

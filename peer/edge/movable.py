"""Which large files of a new version may have blocks that moved within them, as the older files of their paths tell."""

from __future__ import annotations

import contextlib
import threading
from typing import Callable, Dict, Sequence

from peer.edge.files import OpenFiles, size_in
from peer.edge.moved import Hunt, Target


class Movable:
    """`files`: the numbers of those that have anchors; `older`: the versions that are asked."""

    def __init__(self, files: Sequence[int], older: Sequence[OpenFiles], target_of: Callable[[int], Target]) -> None:
        self.files = frozenset(files)
        self._older = older
        self._target_of = target_of
        self._lock = threading.Lock()
        self._known: Dict[int, bool] = {}  # of files that aren't all at their places

    def __contains__(self, file: int) -> bool:
        """Whether an older one of a file that isn't all at its place has another length, or seems to have moved blocks.

        Else it was most likely changed in place, and what is new can be requested while the rest is read.
        """
        if file not in self.files:
            return False
        with self._lock:
            if file not in self._known:
                self._known[file] = any(self._has_moved(older, file) for older in self._older)
            return self._known[file]

    def _has_moved(self, older: OpenFiles, file: int) -> bool:
        target, size = self._target_of(file), size_in(older, file)
        if size != target.size:
            return size is not None
        with contextlib.suppress(OSError), older.descriptor(file) as descriptor:
            return Hunt(target, descriptor, lambda: False).seems_moved()
        return False

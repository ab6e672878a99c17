"""The event log's file: lines of `peer.core.eventlog` with their time, written in batches by the owner."""

from __future__ import annotations

import os
import time
from typing import Dict, List, Optional, Tuple

from peer.core import eventlog
from peer.core.eventlog import Entry
from peer.edge.files import write_all

MOST_REPEATS = 100_000  # lines of each kind below about one neighbour: one that repeats itself can't fill the disk
_REPEATABLE = ("interested", "not interested", "choked", "unchoked", "accepted", "dialled")
_TAIL = 64 * 1024  # bytes at a log's end in which its last complete line is looked for


class LogFile:
    """An event log open for writing; `append`: keep the lines of an earlier start in the same run."""

    def __init__(self, path: str, append: bool) -> None:
        kind = os.O_APPEND if append else os.O_TRUNC
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | kind, 0o644)
        drop_torn_line(self._descriptor)
        self._lines: List[str] = []
        self._repeats: Dict[Tuple[str, Optional[int]], int] = {}
        self._second = 0
        self._stamp = ""

    def add(self, entry: Entry) -> None:
        """Note a line; `flush` writes it."""
        if entry.kind in _REPEATABLE:
            times = self._repeats[entry.kind, entry.other] = self._repeats.get((entry.kind, entry.other), 0) + 1
            if times > MOST_REPEATS:
                return
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._stamp = time.strftime(eventlog.TIME_FORMAT + ": ", time.localtime(second))
        self._lines.append(f"{self._stamp}{eventlog.format_entry(entry)}\n")

    def flush(self) -> None:
        """Write all noted lines in one call."""
        if self._lines:
            write_all(self._descriptor, "".join(self._lines).encode())
            self._lines.clear()

    def close(self) -> None:
        """Write the noted lines and close the file."""
        self.flush()
        os.close(self._descriptor)


def drop_torn_line(descriptor: int) -> None:
    """Remove an incomplete last line, as a full disk may have left it in an earlier start."""
    begin = max(0, os.fstat(descriptor).st_size - _TAIL)
    tail = os.pread(descriptor, _TAIL, begin)
    if not tail.endswith(b"\n"):
        os.ftruncate(descriptor, begin + tail.rfind(b"\n") + 1)

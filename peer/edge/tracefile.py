"""The trace's file, beside the event log. It is for pictures alone: no error of it ends a peer's work.

What happens is kept with its time, and becomes lines at the next status, many at once: between two pieces' bytes each
step of it would cost ten times as much, because nothing of it is in the processor's caches then.
"""

from __future__ import annotations

import os
import time
from typing import List, Optional, Tuple, Union

from peer.core import trace, tracer
from peer.core.eventlog import Entry
from peer.core.events import Send
from peer.core.status import Status
from peer.core.trace import Head, Note
from peer.core.tracer import Tracer
from peer.edge.files import write_all
from peer.edge.link import Link
from peer.edge.logfile import drop_torn_line

MOST_BYTES = 4 * 1024 * 1024  # of a file: after that only the end is noted
MOST_WAITING = 1024  # facts that are no lines yet


class TraceFile:
    """A trace open for writing; `path`: "" for none. The thread that runs the owner is its only user.

    `append`: go on in the file of an earlier start in the same run.
    """

    def __init__(self, path: str, append: bool, status: Status) -> None:
        self._began = time.monotonic()
        self._tracer = Tracer(status.total)
        self._waiting: List[Tuple[float, Union[Entry, Send]]] = []
        self._lines: List[str] = []
        self._descriptor: Optional[int] = None
        self._room = MOST_BYTES
        try:
            self._open(path, append)
        except OSError:
            return
        every = tracer.every_of(status.total)
        head = Head(status.peer, status.run, time.time(), status.total, status.size, every)
        self._lines.append(trace.format_head(head))

    def _open(self, path: str, append: bool) -> None:
        if not path:
            return
        kind = os.O_APPEND if append else os.O_TRUNC
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | kind)
        drop_torn_line(self._descriptor)
        self._room -= os.fstat(self._descriptor).st_size

    def note(self, fact: Union[Entry, Send]) -> None:
        """Note a line of the event log, of a kind in tracer.ENTRIES, or a message, of a type in tracer.MESSAGES."""
        self._waiting.append((time.monotonic(), fact))
        if len(self._waiting) >= MOST_WAITING:
            self._settle()

    def parted(self, link: Link) -> None:
        """Note the end of a connection."""
        self._settle()
        self._add(self._tracer.parted(link.peer, link.sent, link.received, self._ms(time.monotonic())))

    def status(self, status: Status) -> None:
        """Note a status, and write what was noted so far."""
        self._settle()
        for note in self._tracer.status(status, self._ms(time.monotonic())):
            self._add(note)
        self._flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._settle()
        self._flush()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _ms(self, moment: float) -> int:
        return int(1000 * (moment - self._began))

    def _settle(self) -> None:
        """Turn what waits into lines."""
        waiting, self._waiting = self._waiting, []
        for moment, fact in waiting:
            ms = self._ms(moment)
            if isinstance(fact, Entry):
                self._add(self._tracer.entry(fact, ms))
            else:
                self._add(self._tracer.sent(fact.peer, fact.message, ms))

    def _add(self, note: Optional[Note]) -> None:
        if note is None or (self._room <= 0 and note.kind != trace.END):
            return
        line = trace.format_note(note)
        self._lines.append(line)
        self._room -= len(line)
        if self._room <= 0 < self._room + len(line):
            self._lines.append(trace.format_note(Note(note.ms, trace.CUT, ())))

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if self._descriptor is None or not lines:
            return
        try:
            write_all(self._descriptor, "".join(lines).encode())
        except OSError:  # a full disk, say: the peer meets it by itself, where it matters
            os.close(self._descriptor)
            self._descriptor = None

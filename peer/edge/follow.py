"""Follows all peers of one working directory: their statuses and log lines, all or some kinds, on one stream.

The lines are those of `peer.core.followline`. After a restart with the last offsets no line is lost or repeated.
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Collection, Dict, List, Mapping, Optional, Tuple

from peer.core import config, eventlog
from peer.core import folder as names
from peer.core.followline import HEARTBEAT, HEARTBEAT_SECONDS, Alive, FollowLine, LogLine, StatusLine, Writer
from peer.core.status import parse_status
from peer.edge import lock

LOOK_SECONDS = 0.1
SELDOM_SECONDS = 0.5  # between two looks, where statuses are wanted seldom: many peers are followed
MOST_READ = 1024 * 1024  # bytes of a log at a time

Emit = Callable[[FollowLine], None]


class FollowedPeer:
    """One peer's files, read again and again; reports only what is new."""

    def __init__(
        self, folder: str, peer: int, offset: int, emit: Emit, left_out: Collection[str] = (), pace: float = 0.0
    ) -> None:
        self.peer = peer
        self._folder = folder
        self._offset = offset
        self._left_out = left_out
        self._pace = pace
        self._emit = emit
        self._status_at = 0.0  # when the next status of a living peer is due
        self._status = ""
        self._alive: Optional[bool] = None
        self.ended = False

    def look(self) -> None:
        """Report what is new; liveness is read first, so that no line can follow the report that the peer is dead."""
        alive = lock.holder(self._folder, self.peer) is not None
        if self._look_at_log():
            return  # more lines than are read at a time: they come before the rest
        if not alive or time.monotonic() >= self._status_at:
            self._look_at_status()
        if alive != self._alive:
            self._alive = alive
            self._emit(Alive(self.peer, alive))
        self.ended = not alive and bool(self._status)

    def _look_at_log(self) -> bool:
        """Report the lines that are new; returns whether there are more."""
        path = os.path.join(self._folder, names.log(self.peer))
        try:
            size = os.stat(path).st_size
            if size == self._offset:
                return False
            with open(path, "rb") as file:
                if size < self._offset:
                    self._offset = 0  # a new run has begun a new log
                file.seek(self._offset)
                data = file.read(MOST_READ)
        except OSError:
            return False
        for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
            self._offset += len(line)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not self._is_left_out(text):
                self._emit(LogLine(self.peer, text, self._offset))
        return len(data) == MOST_READ and b"\n" in data

    def _is_left_out(self, text: str) -> bool:
        entry = eventlog.parse_line(text) if self._left_out else None
        return entry is not None and entry.kind in self._left_out

    def _look_at_status(self) -> None:
        try:
            with open(os.path.join(self._folder, names.status(self.peer)), encoding="utf-8") as file:
                text = file.read()
            if text != self._status:
                self._emit(StatusLine(self.peer, parse_status(text)))
                self._status = text
                self._status_at = time.monotonic() + self._pace
        except (OSError, ValueError):
            return


def follow(
    folder: str,
    offsets: Mapping[int, int],
    until_done: bool,
    out: Any,
    left_out: Collection[str] = (),
    pace: float = 0.0,
) -> None:
    """Write the lines to `out` until it is closed, or, with `until_done`, until every peer here has ended.

    Log lines of the kinds that are `left_out` aren't written: most lines are of a few kinds that nobody reads live.
    `pace`: seconds between two statuses of a peer that lives.
    """
    lines: List[FollowLine] = []
    followed: Dict[int, FollowedPeer] = {}
    here, writer = _PeersHere(folder), Writer()
    beat, pause = time.monotonic(), SELDOM_SECONDS if pace else LOOK_SECONDS
    while True:
        for peer in here.look():
            if peer not in followed:
                followed[peer] = FollowedPeer(folder, peer, offsets.get(peer, 0), lines.append, left_out, pace)
        for one in followed.values():
            one.look()
        done = until_done and bool(followed) and all(one.ended for one in followed.values())
        if lines or time.monotonic() - beat > HEARTBEAT_SECONDS:
            beat = time.monotonic()
            out.write("".join(writer.format(line) + "\n" for line in lines) or HEARTBEAT + "\n")
            out.flush()
        if done and not lines:
            return
        if not lines:
            time.sleep(pause)
        lines.clear()


class _PeersHere:
    """Peers of PeerInfo.cfg that have files in a folder; the others run on other hosts.

    Followers look ten times a second, and a thousand hosts have a thousand lines each: so a file is read once.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._read: Tuple[int, ...] = ()  # which PeerInfo.cfg was read
        self._locks: Dict[str, int] = {}  # each peer of it, by the name of its lock file

    def look(self) -> List[int]:
        """Their IDs, as things are now."""
        path = os.path.join(self._folder, names.PEER_INFO)
        try:
            facts = os.stat(path)
            version = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
            if version != self._read:
                with open(path, encoding="utf-8", errors="replace") as file:
                    rows = config.parse_peer_info(file.read())
                self._read, self._locks = version, {names.lock(row.peer_id): row.peer_id for row in rows}
            return sorted(self._locks[name] for name in os.listdir(self._folder) if name in self._locks)
        except OSError:
            return []

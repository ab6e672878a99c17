"""Follows the peers of many hosts simultaneously: one thread and one channel for each host, all events in one queue."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deploy.agent import clocks
from deploy.core.starting import StartEvent
from deploy.core.verdict import UNREACHABLE
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from peer.core.followline import FollowLine, LogLine


class HostEvent(NamedTuple):
    """A `line` of a host's stream (None: a heartbeat); or `lost`, why it broke off; `over`: nothing more comes."""

    host: str
    line: FollowLine | None = None
    lost: HostError | None = None
    over: bool = False


class Follower:
    """Follows hosts until each stream is over; after a lost connection a stream goes on where it was.

    `leave_out`: kinds of log lines that the hosts needn't send; `pace`: seconds between two statuses of a peer.
    """

    def __init__(self, leave_out: tuple[str, ...] = (), pace: float = 0.0) -> None:
        self._leave_out = leave_out
        self._pace = pace
        self._queue: queue.SimpleQueue[HostEvent | StartEvent] = queue.SimpleQueue()
        self._end = threading.Event()
        self._links: dict[str, HostLink] = {}

    def open(self, link: HostLink, offsets: Mapping[int, int]) -> None:
        """Begin to follow a host, each log from its offset (in bytes) on."""
        self._links[link.name] = link
        name = f"{link.name}-follow"
        threading.Thread(target=self._listen, args=(link, dict(offsets)), name=name, daemon=True).start()

    def put(self, event: StartEvent) -> None:
        """Add what the thread that starts the peers has to tell."""
        self._queue.put(event)

    def take(self, seconds: float) -> Iterator[HostEvent | StartEvent]:
        """The events that come within `seconds`, and no longer: however many come, the screen is drawn."""
        end = time.monotonic() + seconds
        try:
            yield self._queue.get(timeout=seconds)
            while time.monotonic() < end:
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def rest(self) -> Iterator[HostEvent | StartEvent]:
        """The events that came and weren't taken yet."""
        try:
            while True:
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def close(self) -> None:
        """Stop following."""
        self._end.set()
        for link in list(self._links.values()):
            link.unfollow()

    def _listen(self, link: HostLink, offsets: dict[int, int]) -> None:
        while not self._end.is_set():
            try:
                for line in link.follow(offsets, True, self._leave_out, self._pace):
                    if isinstance(line, LogLine):
                        offsets[line.peer] = line.offset
                    self._queue.put(HostEvent(link.name, line))
                self._queue.put(HostEvent(link.name, over=True))
                return
            except HostError as error:
                final = error.state != UNREACHABLE  # the host answered, and the answer is no
                self._queue.put(HostEvent(link.name, lost=error, over=final))
                if final:
                    return
            self._end.wait(clocks.RETRY)

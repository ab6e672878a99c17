"""Accepted connections in their handshake: how many there may be, which are closed first, and how they are reported.

A neighbour needs milliseconds for its handshake, so the oldest pending connection is the least likely to be one. The
places are shared by address: the address that holds most of them loses one, and connections from elsewhere keep theirs.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from typing import Dict

from peer.core.errors import peer_name
from peer.edge import stderr

TELL_SECONDS = 60.0  # between two lines about refused connections, whatever their number
SOON = 1.0  # seconds from the first of them to its line, to collect more
AGAIN = "came again too soon"
FEW_AGAIN = 10  # of those are normal: a neighbour whose connection broke dials immediately, and perhaps twice


class PendingConnection:
    """An accepted connection in its handshake. `shut`: why we closed it, "" as long as we haven't."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.sock = sock
        # A socket of both families spells 10.0.0.1 as ::ffff:10.0.0.1.
        self.address = address.rpartition(":")[2] if "." in address.partition("%")[0] else address
        self.prefix = _prefix(self.address)
        self.since = time.monotonic()
        self.shut = ""
        self.ended = threading.Event()  # it was shut


class PendingConnections:
    """All pending connections, the oldest first. Methods may be called from any thread."""

    def __init__(self, me: int) -> None:
        self._me = me
        self._lock = threading.Lock()
        self._here: Dict[PendingConnection, None] = {}
        self._waiting: Dict[int, PendingConnection] = {}  # by the peer ID that each connection claims
        self._met: Dict[int, float] = {}  # when a handshake with a peer was last complete
        self._refused: "Counter[str]" = Counter()  # by what was wrong, since the last line
        self._last = ""
        self._due = 0.0

    def admit(self, pending: PendingConnection, most: int) -> None:
        """Admit one more; over `most`, close the oldest connection of the address prefix that has most of them."""
        with self._lock:
            self._here[pending] = None
            if len(self._here) > most:
                prefixes = Counter(one.prefix for one in self._here)
                fullest = max(prefixes, key=lambda prefix: prefixes[prefix])
                self._shut(next(one for one in self._here if one.prefix == fullest), "made room for others")

    def shut_late(self, seconds: float) -> None:
        """Close all that have been pending for `seconds`."""
        latest = time.monotonic() - seconds
        with self._lock:
            for pending in [one for one in self._here if one.since < latest]:
                self._shut(pending, "took too long")

    def take_turn(self, pending: PendingConnection, peer: int, pause: float) -> None:
        """The connection claims to be this peer: wait until `pause` seconds after that peer's last handshake.

        Only the newest connection waits for each peer. Each handshake costs two threads and some messages, so a
        caller that connects again and again under one ID could keep us busy.
        """
        with self._lock:
            before = self._waiting.get(peer)
            if before in self._here:
                self._shut(before, AGAIN)
            self._waiting[peer] = pending
            seconds = self._met.get(peer, -pause) + pause - time.monotonic()
        if seconds > 0:
            pending.ended.wait(seconds)
        with self._lock:
            if self._waiting.get(peer) is pending:
                del self._waiting[peer]
                self._met[peer] = time.monotonic()

    def _shut(self, pending: PendingConnection, why: str) -> None:
        """End a connection; its thread wakes and closes it."""
        del self._here[pending]
        pending.shut = why
        pending.ended.set()
        self._note(pending, why, why)
        with contextlib.suppress(OSError):
            pending.sock.shutdown(socket.SHUT_RDWR)

    def release(self, pending: PendingConnection) -> bool:
        """Its handshake is over; False if it was closed meanwhile."""
        with self._lock:
            self._here.pop(pending, None)
            return not pending.shut

    def refuse(self, pending: PendingConnection, kind: str, words: str) -> None:
        """A connection sent something wrong: `kind` is counted, and `words` are reported for the last one."""
        with self._lock:
            if self._here.pop(pending, pending) is None:
                self._note(pending, kind, words)

    def _note(self, pending: PendingConnection, kind: str, words: str) -> None:
        if not self._refused:
            self._due = max(self._due, time.monotonic() + SOON)
        self._refused[kind] += 1
        self._last = f"{pending.address}: {words}"

    def tell(self, at_last: bool = False) -> None:
        """Report the connections refused since the last report in one line on stderr, if it is time or `at_last`."""
        with self._lock:
            if not self._is_news() or (time.monotonic() < self._due and not at_last):
                return
            kinds = ", ".join(f"{times} {kind}" for kind, times in sorted(self._refused.items()))
            count = sum(self._refused.values())
            words = f"refused {count} callers ({kinds}); the last was {self._last}"
            self._refused.clear()
            self._due = time.monotonic() + TELL_SECONDS
        stderr.report(peer_name(self._me), words)

    def _is_news(self) -> bool:
        return any(kind != AGAIN or count > FEW_AGAIN for kind, count in self._refused.items())


def _prefix(address: str) -> str:
    """The part of an address that counts: with IPv6 one machine can have any number below a prefix of 64 bits."""
    if ":" not in address:
        return address
    return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8].hex()

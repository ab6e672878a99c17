"""Accepted connections that haven't said yet who they are: how many there may be, who goes first, and what is told.

A neighbour needs milliseconds to say its name, so whoever has been here longest is the likeliest to be none. Room is
shared by address: the address that holds most of it gives way, and whoever comes from elsewhere isn't concerned.
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

TELL_SECONDS = 60.0  # between two lines about those who were refused, whatever their number
SOON = 1.0  # seconds from the first of them to its line: a crowd comes together
AGAIN = "came again too soon"
FEW_AGAIN = 10  # of those are no news: a neighbour whose connection broke dials at once, and perhaps twice


class Stranger:
    """One such connection. `shut`: why it was ended from here, "" as long as it wasn't."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        self.sock = sock
        # A socket of both families spells 10.0.0.1 as ::ffff:10.0.0.1.
        self.address = address.rpartition(":")[2] if "." in address.partition("%")[0] else address
        self.house = _house(self.address)
        self.since = time.monotonic()
        self.shut = ""
        self.ended = threading.Event()  # it was shut


class Strangers:
    """All of them, the longest here first. Methods may be called from any thread."""

    def __init__(self, me: int) -> None:
        self._me = me
        self._lock = threading.Lock()
        self._here: Dict[Stranger, None] = {}
        self._waiting: Dict[int, Stranger] = {}  # by the peer that each says it is
        self._met: Dict[int, float] = {}  # when a peer was last met
        self._refused: "Counter[str]" = Counter()  # by what was wrong, since the last line
        self._last = ""
        self._due = 0.0

    def welcome(self, stranger: Stranger, most: int) -> None:
        """One more; if that makes more than `most`, the longest here of the fullest house is shut."""
        with self._lock:
            self._here[stranger] = None
            if len(self._here) > most:
                houses = Counter(one.house for one in self._here)
                fullest = max(houses, key=lambda house: houses[house])
                self._shut(next(one for one in self._here if one.house == fullest), "made room for others")

    def shut_late(self, seconds: float) -> None:
        """Shut all that have been here for so long."""
        latest = time.monotonic() - seconds
        with self._lock:
            for stranger in [one for one in self._here if one.since < latest]:
                self._shut(stranger, "took too long")

    def take_turn(self, stranger: Stranger, peer: int, pause: float) -> None:
        """It says that it is this peer: wait until `pause` seconds after that one was last met.

        One at a time waits for each peer, the newest. Two threads and some messages come with each meeting: who comes
        ever again in one name would keep us busy with nothing else.
        """
        with self._lock:
            before = self._waiting.get(peer)
            if before in self._here:
                self._shut(before, AGAIN)
            self._waiting[peer] = stranger
            seconds = self._met.get(peer, -pause) + pause - time.monotonic()
        if seconds > 0:
            stranger.ended.wait(seconds)
        with self._lock:
            if self._waiting.get(peer) is stranger:
                del self._waiting[peer]
                self._met[peer] = time.monotonic()

    def _shut(self, stranger: Stranger, why: str) -> None:
        """End it; its thread wakes and closes it."""
        del self._here[stranger]
        stranger.shut = why
        stranger.ended.set()
        self._note(stranger, why, why)
        with contextlib.suppress(OSError):
            stranger.sock.shutdown(socket.SHUT_RDWR)

    def part(self, stranger: Stranger) -> bool:
        """It is no stranger any more; False where it was shut meanwhile."""
        with self._lock:
            self._here.pop(stranger, None)
            return not stranger.shut

    def refuse(self, stranger: Stranger, kind: str, words: str) -> None:
        """It said something wrong: `kind` of it, and in so many words."""
        with self._lock:
            if self._here.pop(stranger, stranger) is None:
                self._note(stranger, kind, words)

    def _note(self, stranger: Stranger, kind: str, words: str) -> None:
        if not self._refused:
            self._due = max(self._due, time.monotonic() + SOON)
        self._refused[kind] += 1
        self._last = f"{stranger.address}: {words}"

    def tell(self, at_last: bool = False) -> None:
        """One line on stderr about those who were refused since the last one, when it is time; `at_last`: at once."""
        with self._lock:
            if not self._is_news() or (time.monotonic() < self._due and not at_last):
                return
            kinds = ", ".join(f"{times} {kind}" for kind, times in sorted(self._refused.items()))
            count = sum(self._refused.values())
            words = f"refused {count} callers ({kinds}); the last was {self._last}"
            self._refused.clear()
            self._due = time.monotonic() + TELL_SECONDS
        stderr.say(peer_name(self._me), words)

    def _is_news(self) -> bool:
        return any(kind != AGAIN or count > FEW_AGAIN for kind, count in self._refused.items())


def _house(address: str) -> str:
    """Whom an address belongs to: of IPv6, everybody has as many as they like below one prefix of 64 bits."""
    if ":" not in address:
        return address
    return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8].hex()

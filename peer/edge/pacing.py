"""Keeps the kernel from pacing a connection as long as its packets are acknowledged promptly.

BBR sends by a timer, packet after packet. Across an ocean or where a queue builds up that is its strength; in one room,
where nothing is in the way, the timers cost more than the bytes. A socket that was ever under BBR is paced for good,
so the choice comes before the connection, and a slow one gets the system's own way back.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

PACED = (b"bbr",)  # how the names of congestion controls begin that pace
OTHERS = (b"cubic", b"reno")  # the best first; the system may forbid some of them
PROMPT = 20_000  # microseconds that an acknowledgement takes, at most, where nothing is in the way
_CONGESTION = getattr(socket, "TCP_CONGESTION", None) if sys.platform == "linux" else None
_INFO = getattr(socket, "TCP_INFO", None)
_INFO_BYTES, _ROUND_TRIP = 104, 68  # of Linux's struct tcp_info; where tcpi_rtt, the smoothed round trip, begins
_NAME_BYTES = 16


def hold_off(sock: socket.socket) -> None:
    """Choose an unpaced way for a socket that isn't connected yet, or that listens: accepted ones inherit it."""
    if _CONGESTION is not None and _name(sock).startswith(PACED):
        for name in OTHERS:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _CONGESTION, name)
                return


class Pacing:
    """Watches one connection whose pacing may have been held off. Call `look` now and then while it sends."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._usual = b""
        with contextlib.suppress(OSError):  # no descriptor free, or it is broken already: whoever uses it will notice
            self._usual = self._given_up()
            self.look()

    def look(self) -> None:
        """Where acknowledgements take long, go back to the system's own way."""
        if self._usual and self._round_trip() > PROMPT:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _CONGESTION, self._usual)  # type: ignore[arg-type]
            self._usual = b""

    def _given_up(self) -> bytes:
        """The system's own way, where that is another one; b"" otherwise."""
        if _CONGESTION is None or _INFO is None:
            return b""
        with socket.socket(self._sock.family) as fresh:
            usual = _name(fresh)
        return usual if usual != _name(self._sock) else b""

    def _round_trip(self) -> int:
        info = self._sock.getsockopt(socket.IPPROTO_TCP, _INFO, _INFO_BYTES)  # type: ignore[arg-type]
        return int(struct.unpack_from("=I", info, _ROUND_TRIP)[0])


def _name(sock: socket.socket) -> bytes:
    """The name of the congestion control in use."""
    return sock.getsockopt(socket.IPPROTO_TCP, _CONGESTION, _NAME_BYTES).rstrip(b"\0")  # type: ignore[arg-type]

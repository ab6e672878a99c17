"""Keeps the kernel from pacing a connection as long as its packets are acknowledged promptly.

BBR sends packets by a timer. That helps over long distances and where a queue builds up; on a short path without a
queue the timers cost more than the bytes. A socket that was ever under BBR stays paced, so the choice is made before
the connection, and a slow connection gets the system's own congestion control back.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys

PACED = (b"bbr",)  # the first letters of congestion controls that pace
OTHERS = (b"cubic", b"reno")  # the best first; the system may forbid some of them
PROMPT = 20_000  # microseconds that an acknowledgement takes, at most, without a queue
_CONGESTION = getattr(socket, "TCP_CONGESTION", None) if sys.platform == "linux" else None
_INFO = getattr(socket, "TCP_INFO", None)
_INFO_BYTES, _ROUND_TRIP = 104, 68  # of Linux's struct tcp_info; the offset of tcpi_rtt, the smoothed round trip
_NAME_BYTES = 16


def hold_off(sock: socket.socket) -> None:
    """Choose unpaced congestion control for a socket before it connects, or that listens: accepted ones inherit it."""
    if _CONGESTION is not None and _name(sock).startswith(PACED):
        for name in OTHERS:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _CONGESTION, name)
                return


class Pacing:
    """Watches one connection whose pacing may have been turned off. Call `look` now and then while it sends."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._usual = b""
        with contextlib.suppress(OSError):  # no descriptor is free, or the socket is broken, as its next use shows
            self._usual = self._given_up()
            self.look()

    def look(self) -> None:
        """If acknowledgements take long, go back to the system's congestion control."""
        if self._usual and self._round_trip() > PROMPT:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _CONGESTION, self._usual)  # type: ignore[arg-type]
            self._usual = b""

    def _given_up(self) -> bytes:
        """The system's congestion control, if it differs from ours; else b""."""
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

"""Keeps what one connection receives within its host's cap: counts bytes as they arrive, not as they are read.

What waits in the kernel has crossed the link already, so it counts from the moment at which we see it. Reading it is
what invites more, and that has to wait for its turn. The receive buffer is small while there is a cap.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import socket
import termios

from peer.core.budget import MOST_WINDOW
from peer.edge.throttle import Meter


class Inlet:
    """One connection's; used by the thread that receives."""

    def __init__(self, sock: socket.socket, meter: Meter) -> None:
        self._socket = sock
        self._meter = meter
        self._window = 0  # bytes that may wait in the kernel; 0: there is no cap
        self._seen = 0  # bytes that wait there and were counted

    def open(self) -> None:
        """Before waiting for bytes: what is here came before another cap began, and doesn't count."""
        if self._is_outdated():
            self._bound()
            self._seen = waiting(self._socket, termios.FIONREAD) if self._window else 0

    def admit(self, count: int) -> int:
        """Before a read: how many of `count` bytes it may take. If another cap has begun, all came after it."""
        if self._is_outdated():
            self._bound()
            self._seen = 0
        return self._meter.most(count) if self._window else count

    def took(self, count: int) -> None:
        """After a read of `count` bytes: count what has arrived, and wait as long as that should have taken.

        More than the buffer may hold came when the cap was a higher one. To read that invites nothing yet.
        """
        if not self._window:
            return
        left = waiting(self._socket, termios.FIONREAD)
        arrived, self._seen = count + left - self._seen, left
        if left > self._window:
            self._meter.spend(arrived)
        else:
            self._meter.pause(arrived)

    def _is_outdated(self) -> bool:
        """Whether another cap has begun; where there is none, that is known soonest."""
        return bool(self._window or self._meter.rate) and self._meter.window != self._window

    def _bound(self) -> None:
        self._window = self._meter.window
        with contextlib.suppress(OSError):
            bound(self._socket, self._window)


def waiting(sock: socket.socket, queue: int) -> int:
    """Bytes in the kernel that wait to be read (FIONREAD) or acknowledged (TIOCOUTQ); 0 where the socket is closed."""
    count = array.array("i", [0])
    try:
        fcntl.ioctl(sock.fileno(), queue, count)
    except (OSError, ValueError):
        return 0
    return count[0]


def bound(sock: socket.socket, size: int) -> None:
    """Let so many received bytes wait in the kernel; 0: many, for the system doesn't take back its own choice."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, (size or MOST_WINDOW) // 2)  # it reserves twice as much

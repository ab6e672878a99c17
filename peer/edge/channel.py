"""Sends and receives bytes over a plain TCP socket, each direction in one thread."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
from typing import Iterator, Protocol

from peer.edge.inlet import Inlet, waiting
from peer.edge.pacing import Pacing
from peer.edge.throttle import UNCAPPED, Meter

LEAST_UNSENT = 128 * 1024  # bytes that may wait in the kernel unsent, so that a message after a piece goes out soon ...
UNSENT_PART = 4  # ... or this part of a large piece, if that is more
GONE_MS = 20_000  # a neighbour that acknowledges nothing for so long is gone
ENOUGH_MS = 100  # at most, to wait for the bytes that are worth a wake-up
_SLICE = 1024 * 1024
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_MORE = getattr(socket, "MSG_MORE", 0)


class AnyChannel(Protocol):
    """The methods that a link needs of a connection; `Channel` and `TlsChannel` describe each."""

    def receive(self, buffer: memoryview, enough: int) -> int: ...
    def send(self, data: bytes, more: bool) -> None: ...
    def send_now(self, data: bytes) -> int: ...
    def send_file(self, descriptor: int, offset: int, length: int) -> Iterator[int]: ...
    def unacked(self) -> int: ...
    def end_sending(self) -> None: ...
    def shut(self) -> None: ...
    def close(self) -> None: ...


class Channel:
    """A connected socket; `piece_size` in bytes.

    `eager_acks`: the other side is slowed by delayed ACKs, so ask for quick ones each time. `meter`: what is received
    keeps to it.
    """

    def __init__(self, sock: socket.socket, piece_size: int, eager_acks: bool, meter: Meter = UNCAPPED.down) -> None:
        self._socket = sock
        self._inlet = Inlet(sock, meter) if meter.shared else None  # None: there is never a cap
        self._eager_acks = eager_acks and _QUICKACK is not None
        self._low_water = 1
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sock, select.POLLOUT)
        sock.settimeout(None)
        tune(sock, piece_size)
        self._pacing = Pacing(sock)

    def receive(self, buffer: memoryview, enough: int) -> int:
        """Bytes read into `buffer`, `enough` of them if they come soon. 0 at the end of the stream."""
        if self._eager_acks:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)  # type: ignore[arg-type]
        if self._inlet:
            self._inlet.open()
        if enough > 1:
            self._wake_at(min(len(buffer), enough))
            if self._poll.poll(ENOUGH_MS):
                with contextlib.suppress(BlockingIOError):
                    return self._read(buffer, socket.MSG_DONTWAIT)
        self._wake_at(1)
        if self._inlet:
            self._poll.poll()  # a cap that begins meanwhile has to bind before the read
        return self._read(buffer)

    def _read(self, buffer: memoryview, flags: int = 0) -> int:
        if not self._inlet:
            return self._socket.recv_into(buffer, 0, flags)
        count = self._socket.recv_into(buffer, self._inlet.admit(len(buffer)), flags)
        self._inlet.took(count)
        return count

    def _wake_at(self, count: int) -> None:
        """Let the kernel wake `poll` once that many bytes are there: a wake-up costs more than a packet.

        Only `poll` may wait under a low-water mark, and not for ever: a read takes the bytes that are there and then
        sleeps until the rest alone reaches the mark, and many tiny packets can fill the buffer without reaching it.
        """
        if count != self._low_water:
            self._low_water = count
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)

    def send(self, data: bytes, more: bool) -> None:
        """Send all of `data`; `more`: something follows immediately and may share its packet."""
        self._socket.sendall(data, _MORE if more else 0)

    def send_now(self, data: bytes) -> int:
        """Send what the kernel takes without waiting; returns the number of bytes. A broken connection takes none."""
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except OSError:
            return 0

    def takes_some(self) -> bool:
        """Whether the kernel has room for a message now."""
        return any(event == select.POLLOUT for _, event in self._writable.poll(0))

    def send_file(self, descriptor: int, offset: int, length: int) -> Iterator[int]:
        """Send a stretch of a file without copying it through this process; yields counts of bytes as they go.

        Raises EOFError where the file is shorter than that.
        """
        while length > 0:
            count = os.sendfile(self._socket.fileno(), descriptor, offset, min(length, _SLICE))
            if not count:
                raise EOFError
            offset += count
            length -= count
            yield count
        self.look_at_pace()

    def look_at_pace(self) -> None:
        """Check now and then, between pieces, whether the connection has become a slow one."""
        self._pacing.look()

    def unacked(self) -> int:
        """Bytes that the kernel has taken and the other side hasn't acknowledged; our end counts as one."""
        return waiting(self._socket, termios.TIOCOUTQ)

    def end_sending(self) -> None:
        """Nothing more comes from us; the neighbour reads the end after all that was sent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def shut(self) -> None:
        """Wake the threads that are blocked on this socket; `close` alone would not."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket; only after both threads have ended."""
        self._socket.close()


def tune(sock: socket.socket, piece_size: int) -> None:
    """Options of every connection between peers: little waits to be sent, and a dead neighbour is noticed."""
    options = (
        ("TCP_NODELAY", socket.IPPROTO_TCP, 1),
        ("SO_KEEPALIVE", socket.SOL_SOCKET, 1),
        ("TCP_KEEPIDLE", socket.IPPROTO_TCP, 10),
        ("TCP_KEEPINTVL", socket.IPPROTO_TCP, 5),
        ("TCP_KEEPCNT", socket.IPPROTO_TCP, 2),
        ("TCP_USER_TIMEOUT", socket.IPPROTO_TCP, GONE_MS),
        ("TCP_NOTSENT_LOWAT", socket.IPPROTO_TCP, max(LEAST_UNSENT, piece_size // UNSENT_PART)),
    )
    for name, level, value in options:
        number = getattr(socket, name, None)
        if number is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(level, number, value)

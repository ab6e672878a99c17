"""How bytes go over one TLS connection: the methods of `Channel`, for a reader and a writer thread at once.

A TLS session is one state machine: reading and writing it at the same time corrupts it (and some Python versions then
wait for ever). So the socket never blocks, each step holds the lock for some microseconds, and waiting happens in
`poll`, outside.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
from typing import Iterator

from peer.edge.channel import tune
from peer.edge.pacing import Pacing

PLAIN = 64 * 1024  # bytes of a file that go at once: the caches shall still hold them


class TlsChannel:
    """A TLS socket whose handshake is through."""

    def __init__(self, sock: socket.socket, piece_size: int) -> None:
        self._socket = sock
        self._lock = threading.Lock()
        self._plain = memoryview(bytearray(PLAIN))
        tune(sock, piece_size)
        self._pacing = Pacing(sock)
        sock.setblocking(False)
        self._readable = _poll(sock, select.POLLIN)
        self._writable = _poll(sock, select.POLLOUT)

    def receive(self, buffer: memoryview, enough: int) -> int:
        """Bytes read into `buffer`, `enough` of them unless the stream ends. 0 at its end."""
        wanted = min(len(buffer), enough)
        got = 0
        while got < wanted:
            try:
                with self._lock:
                    count = self._socket.recv_into(buffer[got:])
            except ssl.SSLWantReadError:
                self._readable.poll()
            except ssl.SSLWantWriteError:
                self._writable.poll()
            else:
                if not count:
                    break
                got += count
        return got

    def send(self, data: bytes, more: bool) -> None:
        """Send all of `data`; `more` is of no use here."""
        self._send(memoryview(data))

    def _send(self, view: memoryview) -> None:
        while view:
            try:
                with self._lock:
                    count = self._socket.send(view)
            except ssl.SSLWantWriteError:
                self._writable.poll()
            except ssl.SSLWantReadError:
                self._readable.poll()
            else:
                view = view[count:]

    def send_now(self, data: bytes) -> int:
        """Send what can go without waiting. What couldn't must be the first that `send` gets: a record may be begun."""
        if not self._lock.acquire(blocking=False):
            return 0
        try:
            return self._socket.send(data)
        except OSError:
            return 0
        finally:
            self._lock.release()

    def send_file(self, descriptor: int, offset: int, length: int) -> Iterator[int]:
        """Send a stretch of a file; yields counts of bytes as they go. Raises EOFError if the file is shorter."""
        while length > 0:
            count = os.preadv(descriptor, [self._plain[:length]], offset)
            if not count:
                raise EOFError
            self._send(self._plain[:count])
            offset += count
            length -= count
            yield count
        self._pacing.look()

    def end_sending(self) -> None:
        """Nothing more comes from us; the neighbour reads the end after all that was sent."""
        self._shut(socket.SHUT_WR)

    def shut(self) -> None:
        """Wake whoever waits for this socket."""
        self._shut(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back; only after both threads have ended."""
        self._socket.close()

    def _shut(self, how: int) -> None:
        # SSLSocket.shutdown would drop the session first, and the reader would take ciphertext for messages.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, how)


def _poll(sock: socket.socket, events: int) -> "select.poll":
    poll = select.poll()
    poll.register(sock, events)
    return poll

"""One TLS session over a connected socket: its handshake, and the bytes exchanged before a channel takes over.

The session is kept apart from the socket (`ssl.MemoryBIO`). So the system is called once for many records, where an
`SSLSocket` calls it three times for each.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time

FLIGHT = 32 * 1024  # bytes read in one go while nothing large comes


class Session:
    """For one thread at a time. `incoming` and `outgoing` hold ciphertext that waits to be read or sent."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, server: bool) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server)
        self._sock = sock

    def handshake(self, seconds: float) -> None:
        """Both sides authenticate. Raises ssl.SSLError, and OSError if it takes too long."""
        deadline = time.monotonic() + seconds
        while True:
            self._sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush()  # the alert gives the reason
                raise
            else:
                return self._flush()

    def recv(self, count: int) -> bytes:
        """At most `length` bytes; none at the end of the stream. Raises OSError when the socket's timeout is over."""
        while True:
            try:
                return self.tls.read(count)
            except ssl.SSLWantReadError:
                self._fill()
            except ssl.SSLEOFError:
                return b""

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        done = 0
        while done < len(data):
            done += self.tls.write(data[done:])
        self._flush()

    def _fill(self) -> None:
        part = self._sock.recv(FLIGHT)
        if part:
            self.incoming.write(part)
        else:
            self.incoming.write_eof()

    def _flush(self) -> None:
        if self.outgoing.pending:
            self._sock.sendall(self.outgoing.read())

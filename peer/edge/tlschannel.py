"""Sends and receives bytes over TLS: the methods of `Channel`, for simultaneous use by a reader and a writer thread.

A TLS session is one state machine: reading and writing it at the same time corrupts it. So each step holds the lock for
some microseconds, and waiting happens outside, in the plain channel below that carries the records.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from typing import Any, Iterator

from peer.edge.channel import ENOUGH_MS, Channel
from peer.edge.tlssession import Session

PLAIN = 64 * 1024  # bytes of a file encrypted in one go, few enough to stay in the CPU's caches
CIPHER = 256 * 1024  # bytes of records received in one go, at most: as many as a reader waits for
RECORD = 17 * 1024  # bytes of the longest record, and some more
SMALL = 16 * 1024  # bytes of a message that may be sent immediately: a kernel that takes anything takes all of it


class TlsChannel:
    """A session whose handshake is complete, and the channel over its socket."""

    def __init__(self, session: Session, channel: Channel) -> None:
        self._session = session
        self._channel = channel
        self._lock = threading.Lock()  # of the session
        self._order = threading.Lock()  # held while records are made and sent, so that they keep their order
        self._plain = memoryview(bytearray(PLAIN))
        self._cipher = memoryview(bytearray(CIPHER))
        self._ended = False  # the stream to us

    def receive(self, buffer: memoryview, enough: int) -> int:
        """Bytes read into `buffer`, `enough` of them if they come soon. 0 at the end of the stream."""
        wanted = min(len(buffer), enough)
        got = self._decrypt(buffer, wanted)
        soon = time.monotonic() + ENOUGH_MS / 1000
        while got < wanted and not self._ended and not (got and time.monotonic() > soon):
            self._fill(wanted - got)
            got += self._decrypt(buffer[got:], wanted - got)
        return got

    def _decrypt(self, buffer: memoryview, wanted: int) -> int:
        """The data in the records that have arrived, at least `wanted` bytes if there are so many."""
        read: Any = self._session.tls.read
        lock, size = self._lock, len(buffer)
        got = 0
        try:
            while got < wanted:
                with lock:
                    count = read(size - got, buffer[got:])  # one record, or the rest of one
                if not count:
                    self._ended = True  # the other side ended the stream: later bytes don't count
                    break
                got += count
        except ssl.SSLWantReadError:
            pass
        return got

    def _fill(self, wanted: int) -> None:
        """Wait for records, worth `wanted` bytes if they come soon, or for the end of the stream."""
        count = self._channel.receive(self._cipher, max(1, wanted - RECORD))  # most of one may be here already
        with self._lock:
            self._session.incoming.write(self._cipher[:count])
        self._ended = not count

    def send(self, data: bytes, more: bool) -> None:
        """Send all of `data`; `more`: something follows immediately and may share its packet."""
        with self._order:
            self._channel.send(self._encrypt(data), more)

    def send_now(self, data: bytes) -> int:
        """Send all of it, if that needs no waiting; returns the number of bytes. A broken connection takes none."""
        if len(data) > SMALL or not self._order.acquire(blocking=False):
            return 0
        try:
            if not self._channel.takes_some():
                return 0
            self._channel.send(self._encrypt(data), more=False)
            return len(data)
        except OSError:
            return 0
        finally:
            self._order.release()

    def _encrypt(self, data: "bytes | memoryview") -> bytes:
        """The records for all of `data`; `_order` must be held until they are sent."""
        with self._lock:
            done = 0
            while done < len(data):
                done += self._session.tls.write(data[done:])
            return self._session.outgoing.read()

    def send_file(self, descriptor: int, offset: int, length: int) -> Iterator[int]:
        """Send a stretch of a file; yields counts of bytes as they go. Raises EOFError if the file is shorter."""
        while length > 0:
            count = os.preadv(descriptor, [self._plain[:length]], offset)
            if not count:
                raise EOFError
            with self._order:
                self._channel.send(self._encrypt(self._plain[:count]), more=length > count)
            offset += count
            length -= count
            yield count
        self._channel.look_at_pace()

    def unacked(self) -> int:
        """Bytes of records that the other side hasn't acknowledged yet."""
        return self._channel.unacked()

    def end_sending(self) -> None:
        """Nothing more comes from us; the neighbour reads the end after all that was sent."""
        self._channel.end_sending()

    def shut(self) -> None:
        """Wake the threads that wait for this socket."""
        self._channel.shut()

    def close(self) -> None:
        """Close the socket; only after both threads have ended."""
        self._channel.close()

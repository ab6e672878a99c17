"""One neighbour's connection: a reader and a writer thread, and nothing that decides.

The reader receives, hashes and writes pieces, outside the owner and mostly outside the interpreter's lock, and reports
facts to the inbox. The writer takes small messages and pieces from the outbox in their order; pieces go straight from
the file to the socket. Threads end by putting `Disconnected` into the inbox, once.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, List, Optional, Tuple, Union

from peer.core import messages
from peer.core.errors import ProtocolError, StoreError
from peer.core.events import Disconnected, Event, PieceBad, PieceSent, PieceStored, PieceSurplus, Received
from peer.core.messages import Decoder, Message, PieceBody, PieceStart
from peer.edge.channel import AnyChannel
from peer.edge.files import disk_error
from peer.edge.store import Claim, Store

HEAD_READ = 32 * 1024  # while no piece is under way: small messages, or a small piece as a whole
LEAST_READ, USUAL_READ, MOST_READ = 16 * 1024, 256 * 1024, 1024 * 1024
ENOUGH, ENOUGH_PART = 64 * 1024, 8  # bytes of a piece that are worth waking up for, or this part of a large piece
SLOW_READ = 0.25  # seconds: a read that took longer is made smaller next time, so that the byte counts stay fresh

Report = Callable[["Link", Union[Event, StoreError]], None]
Outgoing = Union[bytes, int, None]  # a message's bytes, a piece to send, or the end


class Link:
    """A running connection. `received` counts bytes; each counter is written by one thread only."""

    def __init__(self, peer: int, channel: AnyChannel, store: Store, decoder: Decoder, report: Report) -> None:
        self.peer = peer
        self.received = 0
        self._sent_by_writer = 0
        self._sent_by_owner = 0
        self._queued = 0  # items put into the outbox, by the owner ...
        self._done = 0  # ... and those that the writer has sent
        self._channel = channel
        self._store = store
        self._decoder = decoder
        self._report = report
        self._enough = _enough(store.manifest.piece_size)
        self._outbox: "queue.SimpleQueue[Outgoing]" = queue.SimpleQueue()
        self._claim: Optional[Claim] = None
        self._piece = 0
        self._reason = ""
        self._ended = threading.Lock()  # taken for good by the thread that reports the end
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=f"{peer}-{name}", daemon=True)
            for name, work in (("read", self._read), ("write", self._write))
        ]

    def start(self) -> None:
        """Let both threads run; the handshake is through and the owner knows this link."""
        for thread in self._threads:
            thread.start()

    @property
    def sent(self) -> int:
        """Bytes handed to the kernel so far."""
        return self._sent_by_writer + self._sent_by_owner

    def send(self, data: bytes) -> None:
        """Send the bytes of one message; only the owner calls this.

        Where the writer has nothing left to do they go out at once: waking a thread costs more than the message.
        """
        if self._queued == self._done:
            count = self._channel.send_now(data)
            self._sent_by_owner += count
            data = data[count:]
        if data:
            self._put(data)

    def send_piece(self, piece: int) -> None:
        """Queue a piece; PieceSent is reported when it has gone to the kernel. Only the owner calls this."""
        self._put(piece)

    def _put(self, item: Outgoing) -> None:
        self._queued += 1
        self._outbox.put(item)

    def close(self, reason: str) -> None:
        """End the connection now; what isn't sent is lost. May be called more than once."""
        self._reason = self._reason or reason
        self._outbox.put(None)
        self._channel.shut()

    def finish(self) -> None:
        """Let the writer send what is queued, then close our direction: the neighbour reads all of it."""
        self._outbox.put(None)

    def join(self, timeout: float) -> bool:
        """Wait for both threads; whether they have ended."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def dispose(self) -> bool:
        """Give the socket back if both threads have ended; whether that was so."""
        if any(thread.is_alive() for thread in self._threads):
            return False
        self._channel.close()
        return True

    def _guard(self, work: Callable[[], str]) -> None:
        """Run one thread's work; whatever ends it becomes one reason and one report."""
        try:
            reason = work()
        except ProtocolError as error:
            reason = f"protocol error: {error}"
        except StoreError as error:
            reason = str(error)
            self._report(self, error)
        except OSError as error:
            reason = self._reason or error.strerror or str(error)
        except Exception as error:  # a fault of this program: it costs one connection, not a peer that waits for ever
            reason = f"internal error: {error!r}"
        if reason and self._ended.acquire(blocking=False):
            if self._claim:
                self._store.abandon(self._claim)
            self._channel.shut()
            self._outbox.put(None)
            self._report(self, Disconnected(self.peer, self._reason or reason))

    # ---- the reader

    def _read(self) -> str:
        buffers = _Buffers()
        size = MOST_READ
        while True:
            left = self._decoder.body_left
            beside = bool(self._claim and self._claim.beside)
            buffer = buffers.next(beside)[: min(left, size) if left else HEAD_READ]
            enough = (len(buffer) if beside else self._enough) if left else 1
            begin = time.monotonic()
            got = self._channel.receive(buffer, enough)
            if not got:
                return self._reason or "closed by the neighbour"
            size = _next_size(size, time.monotonic() - begin)
            self.received += got
            for item in self._decoder.feed(buffer[:got]):
                self._take(item)

    def _take(self, item: Any) -> None:
        kind = type(item)
        if kind is Message:
            self._report(self, Received(self.peer, item))
        elif kind is PieceBody:
            if self._claim:
                self._claim.write(item.data)
            if not self._decoder.body_left:
                self._end_piece()
        elif kind is PieceStart:
            self._piece = item.piece
            self._claim = self._store.claim(item.piece)

    def _end_piece(self) -> None:
        claim, self._claim = self._claim, None
        stored = claim.finish() if claim else None
        if stored is None:
            self._report(self, PieceSurplus(self.peer, self._piece))
        elif stored:
            self._report(self, PieceStored(self.peer, self._piece))
        else:
            self._report(self, PieceBad(self.peer, self._piece))

    # ---- the writer

    def _write(self) -> str:
        while True:
            batch, piece, ended = self._next_batch()
            items = len(batch) + (piece is not None)
            if piece is not None:
                batch.append(self._header(piece))
            if batch:
                data = b"".join(batch)
                self._channel.send(data, more=piece is not None)
                self._sent_by_writer += len(data)
            if piece is not None:
                self._send_piece(piece)
                self._report(self, PieceSent(self.peer, piece))
            self._done += items
            if ended:
                self._channel.end_sending()
                return ""

    def _next_batch(self) -> Tuple[List[bytes], Optional[int], bool]:
        """All small messages that wait, up to the next piece or the end: one call sends them."""
        batch: List[bytes] = []
        item = self._outbox.get()
        while isinstance(item, bytes):
            batch.append(item)
            try:
                item = self._outbox.get_nowait()
            except queue.Empty:
                return batch, None, False
        return batch, item, item is None

    def _header(self, piece: int) -> bytes:
        return messages.piece_header(piece, self._store.piece_length(piece))

    def _send_piece(self, piece: int) -> None:
        for segment in self._store.segments(piece):
            self._send_segment(*segment)

    def _send_segment(self, file: int, offset: int, length: int) -> None:
        """A piece's bytes in one file. Where the file isn't what it was, that is this machine's fault: StoreError."""
        try:
            with self._store.descriptor(file) as descriptor:
                for count in self._channel.send_file(descriptor, offset, length):
                    self._sent_by_writer += count
        except EOFError:
            raise self._store.cut_short(file) from None
        except OSError as error:
            if error.filename is None:
                raise  # the connection's trouble, not the file's
            raise disk_error(error, error.filename) from None


class _Buffers:
    """Where the reader receives: into one buffer, or into two large ones in turns while a part may be in hashing."""

    def __init__(self) -> None:
        self._usual = memoryview(bytearray(USUAL_READ))
        self._turns: List[memoryview] = []

    def next(self, beside: bool) -> memoryview:
        """One that nobody reads any more."""
        if not beside:
            return self._usual
        self._turns = self._turns[::-1] or [memoryview(bytearray(MOST_READ)) for _ in range(2)]
        return self._turns[0]


def _enough(piece_size: int) -> int:
    """Bytes of a piece of this size that are worth a wake-up."""
    return max(ENOUGH, min(USUAL_READ, piece_size // ENOUGH_PART))


def _next_size(size: int, seconds: float) -> int:
    if seconds > SLOW_READ:
        return max(LEAST_READ, size // 4)
    return min(MOST_READ, size * 2)

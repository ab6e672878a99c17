"""The sending side of one connection: messages and pieces in the order of the outbox, which the owner fills.

Its thread sends them; a piece goes straight from the file to the socket.
"""

from __future__ import annotations

import queue
import threading
from typing import Callable, List, Optional, Tuple, Union

from peer.core import messages, partmessages
from peer.core.errors import StoreError
from peer.core.events import Event, PieceSent
from peer.core.tuples import NamedTuple
from peer.edge.channel import AnyChannel
from peer.edge.files import disk_error
from peer.edge.payload import Payload
from peer.edge.store import Store
from peer.edge.throttle import Meter


class Sending(NamedTuple):
    """A piece to send, or the `blocks` (a set) of it; 0 for all."""

    piece: int
    blocks: int


Outgoing = Union[bytes, Sending, None]  # a message's bytes, a piece to send, or the end


class Writer:
    """Sends messages and pieces. Two threads use it: the owner, which made it, and the one that runs `run`.

    Each counter is written by only one of them. If both counts of items are equal, the writer is idle.
    """

    def __init__(
        self, peer: int, channel: AnyChannel, store: Store, report: Callable[[Event], None], meter: Meter
    ) -> None:
        self._peer = peer
        self._meter = meter
        self._channel = channel
        self._store = store
        self._report = report
        self._outbox: "queue.SimpleQueue[Outgoing]" = queue.SimpleQueue()
        self._owner = threading.get_ident()
        self._sent_by_owner = 0  # bytes
        self._queued = 0  # items put into the outbox by the owner
        self._sent_by_writer = 0  # bytes
        self.payload = 0  # those of pieces among them; written by the writer too
        self._done = 0  # items sent by the writer

    @property
    def sent(self) -> int:
        """Bytes handed to the kernel so far."""
        return self._sent_by_writer + self._sent_by_owner

    # ---- the owner's side

    def send(self, data: bytes) -> None:
        """Send the bytes of one message.

        If the writer is idle, they are sent immediately: waking a thread costs more than the message.
        """
        assert threading.get_ident() == self._owner
        if self._queued == self._done:
            count = self._channel.send_now(data)
            self._sent_by_owner += count
            self._meter.spend(count)
            data = data[count:]
        if data:
            self._put(data)

    def send_piece(self, piece: int, blocks: int = 0) -> None:
        """Queue a piece, or these blocks of it; PieceSent is reported when it has gone to the kernel."""
        assert threading.get_ident() == self._owner
        self._put(Sending(piece, blocks))

    def _put(self, item: Outgoing) -> None:
        self._queued += 1
        self._outbox.put(item)

    def end(self) -> None:
        """Let `run` end after the queued items. Any thread may call this."""
        self._outbox.put(None)

    # ---- the writer's thread

    def run(self) -> None:
        """Send until the end of the outbox, then close our direction. Raises StoreError, OSError."""
        assert threading.get_ident() != self._owner
        while self._send_batch():
            pass
        self._channel.end_sending()

    def _send_batch(self) -> bool:
        """Send the queued items up to the next piece, inclusive; returns whether there may be more."""
        batch, sending, ended = self._next_batch()
        items = len(batch) + (sending is not None)
        if sending:
            batch.append(self._header(sending))
        if batch:
            data = b"".join(batch)
            self._channel.send(data, more=sending is not None)
            self._sent_by_writer += len(data)
            self._meter.spend(len(data))
        if sending:
            self._send_body(sending)
            self._report(PieceSent(self._peer, sending.piece))
        self._done += items
        return not ended

    def _next_batch(self) -> Tuple[List[bytes], Optional[Sending], bool]:
        """All queued messages up to the next piece or the end, to send them in one call."""
        batch: List[bytes] = []
        item = self._outbox.get()
        while isinstance(item, bytes):
            batch.append(item)
            try:
                item = self._outbox.get_nowait()
            except queue.Empty:
                return batch, None, False
        return batch, item, item is None

    def _header(self, sending: Sending) -> bytes:
        piece, blocks = sending
        if not blocks:
            return messages.piece_header(piece, self._store.piece_length(piece))
        return partmessages.part_header(piece, blocks, self._store.parts.length(piece, blocks))

    def _send_body(self, sending: Sending) -> None:
        piece, blocks = sending
        copy = self._store.copy_of(piece)
        for segment in copy.part_segments(piece, blocks) if blocks else copy.segments(piece):
            self._send_segment(copy, *segment)

    def _send_segment(self, copy: Payload, file: int, offset: int, length: int) -> None:
        """Send a piece's bytes from one file. Raises StoreError if the file has changed: a fault of this machine."""
        try:
            with copy.descriptor(file) as descriptor:
                while length > 0:
                    some = self._meter.take(length)
                    for count in self._channel.send_file(descriptor, offset, some):
                        self._sent_by_writer += count
                        self.payload += count
                    offset, length = offset + some, length - some
        except EOFError:
            problem = "it became shorter after this peer started; put the complete file back"
            raise StoreError(f"{copy.path(file)}: {problem}") from None
        except OSError as error:
            if error.filename is None:
                raise  # an error of the connection, not of the file
            raise disk_error(error, error.filename) from None

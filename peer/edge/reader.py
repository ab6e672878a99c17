"""The receiving side of one connection: a thread receives, hashes and writes pieces, and reports facts.

It does so outside the owner and mostly outside the interpreter's lock. Other threads read its counters only.
"""

from __future__ import annotations

import time
from typing import Any, Callable, Optional

from peer.core.events import Event, PartStored, PieceBad, PieceStored, PieceSurplus, Received, Tolerated
from peer.core.messages import Decoder, Habit, Message, PieceBody, PieceStart
from peer.core.partmessages import PartStart
from peer.edge.buffers import Buffers
from peer.edge.channel import AnyChannel
from peer.edge.claims import Claim
from peer.edge.store import Store
from peer.edge.throttle import Meter


class Reader:
    """Reads one connection to its end. `received`: bytes so far, `payload`: those of pieces among them; this thread
    alone changes both."""

    def __init__(
        self,
        peer: int,
        channel: AnyChannel,
        decoder: Decoder,
        store: Store,
        report: Callable[[Event], None],
        meter: Meter,
    ) -> None:
        self.received = 0
        self.payload = 0
        self._peer = peer
        self._channel = channel
        self._meter = meter
        self._decoder = decoder
        self._store = store
        self._claims = store.claims
        self._await_disk = store.unsynced.await_disk
        self._buffers = Buffers()
        self._report = report
        self._claim: Optional[Claim] = None
        self._piece = 0

    def run(self) -> None:
        """Read until the neighbour has closed. Raises ProtocolError, StoreError, OSError."""
        try:
            while self._receive():
                pass
        finally:
            if self._claim:
                self._claims.abandon(self._claim)

    def _receive(self) -> bool:
        """Receive once; returns whether there may be more."""
        buffer, enough = self._buffers.next(self._decoder.body_left, bool(self._claim and self._claim.parallel))
        if self._meter.rate:
            buffer = buffer[: self._meter.most(len(buffer))]
            enough = self._meter.enough(min(enough, len(buffer)))
        begin = time.monotonic()
        got = self._channel.receive(buffer, enough)
        self._buffers.took(time.monotonic() - begin)
        self.received += got
        for item in self._decoder.feed(buffer[:got]):
            self._take(item)
        return got > 0

    def _take(self, item: Any) -> None:
        kind = type(item)
        if kind is Message:
            self._report(Received(self._peer, item))
        elif kind is PieceBody:
            self.payload += len(item.data)
            if self._claim:
                self._claim.write(item.data)
            if not self._decoder.body_left:
                self._end_piece()
        elif kind is PieceStart or kind is PartStart:
            self._await_disk()
            self._piece = item.piece
            self._claim = self._claims.claim(item.piece, 0 if kind is PieceStart else item.blocks)
        elif kind is Habit:
            self._report(Tolerated(self._peer, item.name))

    def _end_piece(self) -> None:
        claim, self._claim = self._claim, None
        right = claim.finish() if claim else None
        if not claim or right is None:
            self._report(PieceSurplus(self._peer, self._piece))
            return
        if right if not claim.partial else self._store.has(self._piece):
            self._report(PieceStored(self._peer, self._piece))
        elif claim.partial:
            self._report(PartStored(self._peer, self._piece, self._store.parts.wanted(self._piece)))
        if not right:
            self._report(PieceBad(self._peer, self._piece))

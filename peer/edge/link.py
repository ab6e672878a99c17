"""One neighbour's connection: joins a reader and a writer, and reports its end once.

Nothing here decides. Both threads put facts into the inbox; whichever ends first puts `Disconnected`.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import Callable, Mapping, Union

from peer.core.errors import ProtocolError, StoreError
from peer.core.events import Disconnected, Event, Tick
from peer.core.messages import Decoder
from peer.edge.channel import AnyChannel
from peer.edge.reader import Reader
from peer.edge.store import Store
from peer.edge.throttle import UNCAPPED, Budget
from peer.edge.writer import Writer

Report = Callable[["Link", Union[Event, StoreError]], None]


class Link:
    """A running connection. Only the thread that made it may send; any thread may end it."""

    def __init__(
        self,
        peer: int,
        channel: AnyChannel,
        store: Store,
        decoder: Decoder,
        report: Report,
        budget: Budget = UNCAPPED,
    ) -> None:
        self.peer = peer
        self._channel = channel
        self._report: Callable[[Union[Event, StoreError]], None] = functools.partial(report, self)
        self._reader = Reader(peer, channel, decoder, store, self._report, budget.down)
        self._writer = Writer(peer, channel, store, self._report, budget.up)
        self._reason = ""
        self._ended = threading.Lock()  # taken once and kept by the thread that reports the end
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=f"{peer}-{name}", daemon=True)
            for name, work in (("read", self._read), ("write", self._write))
        ]

    def start(self) -> None:
        """Start both threads; the handshake is complete and the owner knows this link."""
        for thread in self._threads:
            thread.start()

    @property
    def received(self) -> int:
        """Bytes received so far."""
        return self._reader.received

    @property
    def payload(self) -> int:
        """Those of them that were bytes of pieces."""
        return self._reader.payload

    @property
    def sent(self) -> int:
        """Bytes handed to the kernel so far."""
        return self._writer.sent

    @property
    def pieces_sent(self) -> int:
        """Those of the bytes sent that were bytes of pieces."""
        return self._writer.payload

    def unacked(self) -> int:
        """Bytes of ours that the neighbour's machine hasn't acknowledged yet."""
        return self._channel.unacked()

    def send(self, data: bytes) -> None:
        """Send the bytes of one message; see `Writer.send`."""
        self._writer.send(data)

    def send_piece(self, piece: int, blocks: int = 0) -> None:
        """Send a piece or a part of one; see `Writer.send_piece`."""
        self._writer.send_piece(piece, blocks)

    # ---- the end

    def close(self, reason: str) -> None:
        """End the connection now, and lose unsent messages. May be called more than once."""
        self._reason = self._reason or reason
        self._stop()

    def _stop(self) -> None:
        self._writer.end()
        self._channel.shut()

    def finish(self) -> None:
        """Let the writer send what is queued, then close our direction: the neighbour reads all of it."""
        self._writer.end()

    def join(self, timeout: float) -> bool:
        """Wait for both threads; returns whether they have ended."""
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def dispose(self) -> bool:
        """Close the socket if both threads have ended; returns whether they have."""
        if any(thread.is_alive() for thread in self._threads):
            return False
        self._channel.close()
        return True

    # ---- the threads

    def _read(self) -> str:
        self._reader.run()
        return "closed by the neighbour"

    def _write(self) -> str:
        self._writer.run()
        return ""  # the neighbour may still send

    def _guard(self, work: Callable[[], str]) -> None:
        """Run one thread's work; its end becomes one reason and one report."""
        fault = ""
        try:
            reason = work()
        except ProtocolError as error:
            reason, fault = f"protocol error: {error}", f"protocol error: {error.account}"
        except StoreError as error:
            reason = str(error)
            self._report(error)
        except OSError as error:
            reason = error.strerror or str(error)
        except Exception as error:  # a defect of ours costs one connection, but the peer doesn't wait for ever
            reason = f"internal error: {error!r}"
        if reason and self._ended.acquire(blocking=False):
            self._stop()
            self._report(Disconnected(self.peer, self._reason or reason, fault))


def tick_of(links: Mapping[int, Link]) -> Tick:
    """What has come and gone on these connections, by neighbour."""
    unacked = {peer: link.unacked() for peer, link in links.items()}
    return Tick(
        {peer: link.received for peer, link in links.items()},
        unacked,
        {peer: link.payload for peer, link in links.items()},
        {peer: max(0, link.pieces_sent - unacked[peer]) for peer, link in links.items()},
    )

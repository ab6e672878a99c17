"""Wires between simulated peers: connections that keep their order, and the links whose rates all transfers share.

Model: each port has an uplink that serves its transfers in turn, chunk by chunk, and a downlink that takes chunks as
they come; a transfer keeps `WINDOW` chunks in flight, as TCP does. From zone to zone, chunks also take the zones' ways.
Messages on one connection keep their order and wait after a piece that is being sent.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Deque, Dict, List, NamedTuple, Optional, Protocol, Tuple, Union

from peer.core.events import Send, SendPiece, Tick
from peer.core.messages import Message
from tools.sim.clock import Clock
from tools.sim.passages import Ways

WINDOW = 2  # chunks of one transfer between sender and receiver
MESSAGE_BYTES = 9


class Rates(NamedTuple):
    """A port's links in bytes a second."""

    up: float
    down: float


class Port:
    """Where a peer is plugged in. `life` counts its lives: what an earlier one had under way is void."""

    def __init__(self, peer: int, rates: Rates) -> None:
        self.peer = peer
        self.rates = rates
        self.life = 0
        self.turns: Deque[Stream] = deque()
        self.uplink_busy = False
        self.down_free = 0.0
        self.ways: Optional[Ways] = None  # those of its zone

    def reset(self) -> None:
        """The peer is gone: nothing more leaves here."""
        self.life += 1
        self.turns.clear()
        self.uplink_busy = False


class Stream:
    """One direction of one connection: what is queued, and the piece on the wire."""

    __slots__ = (
        "arrived_last",
        "between",
        "busy",
        "bytes",
        "in_flight",
        "left",
        "link",
        "outbox",
        "piece",
        "piece_bytes",
        "receiver",
        "sender",
        "turn",
    )  # fmt: skip

    def __init__(self, link: "Link", sender: Port, receiver: Port) -> None:
        self.link = link
        self.sender = sender
        self.receiver = receiver
        self.outbox: Deque[Union[Send, SendPiece]] = deque()
        self.busy = False  # a piece is being sent
        self.arrived_last = 0.0
        self.between = 0  # chunks on their way between two zones
        self.piece = 0
        self.left = 0  # bytes of the piece that wait for the uplink
        self.in_flight = 0  # chunks
        self.turn = False  # waits in the sender's turns
        self.bytes = 0  # arrived so far ...
        self.piece_bytes = 0  # ... and those of pieces among them


class Link:
    """A connection; `open` until either side goes."""

    __slots__ = ("ends", "open")

    def __init__(self, dialler: Port, listener: Port) -> None:
        self.open = True
        self.ends: Dict[int, Stream] = {
            dialler.peer: Stream(self, dialler, listener),
            listener.peer: Stream(self, listener, dialler),
        }


def tick_of(peer: int, links: Dict[int, Link]) -> Tick:
    """What has come and gone on the connections of a peer; all that has arrived is acknowledged."""
    return Tick(
        {other: link.ends[other].bytes for other, link in links.items()},
        fetched={other: link.ends[other].piece_bytes for other, link in links.items()},
        delivered={other: link.ends[peer].piece_bytes for other, link in links.items()},
    )


class Ears(Protocol):
    """Who is told what arrives."""

    def message_arrives(self, stream: Stream, message: Message) -> None:
        """A message is through."""

    def piece_sent(self, stream: Stream, piece: int) -> None:
        """The last byte of a piece has left its sender."""

    def piece_arrives(self, stream: Stream, piece: int) -> None:
        """The last byte of a piece is through."""


class Wires:
    """Carries messages and pieces. `jitter`: seconds that chance may add to a delay, drawn from `rng`."""

    def __init__(self, clock: Clock, rng: Random, piece_size: int, size: int, ears: Ears) -> None:
        self.piece_size = piece_size
        self.size = size
        self.chunk = 64 * 1024
        self.latency = 0.0005
        self.jitter = 0.0
        self.messages = 0
        self._clock = clock
        self._mail: Dict[float, Dict[int, List[Tuple[Stream, Message]]]] = {}  # moment -> receiver -> in order
        self._rng = rng
        self._ears = ears

    def delay(self) -> float:
        """Seconds that something takes from one end to the other."""
        return self.latency + (self._rng.random() * self.jitter if self.jitter else 0.0)

    def put(self, stream: Stream, effect: Union[Send, SendPiece]) -> None:
        """Queue a message or a piece."""
        if stream.busy or stream.outbox:
            stream.outbox.append(effect)
        elif stream.link.open:
            self._send(stream, effect)

    def through(self, stream: Stream) -> bool:
        """Whether all that was queued has arrived, or never will."""
        waiting = stream.outbox or stream.busy or stream.between or stream.arrived_last > self._clock.now
        return not (waiting and stream.link.open)

    def _pump(self, stream: Stream) -> None:
        """Send what stands at the head of a connection's outbox, until a piece takes the wire."""
        while stream.outbox and not stream.busy and stream.link.open:
            self._send(stream, stream.outbox.popleft())

    def _send(self, stream: Stream, effect: Union[Send, SendPiece]) -> None:
        if type(effect) is SendPiece:
            self._begin_piece(stream, effect.piece)
        else:
            self._pass_message(stream, effect.message)  # type: ignore[union-attr]

    def _pass_message(self, stream: Stream, message: Message) -> None:
        self.messages += 1
        arrival = self._clock.now + self.latency
        if self.jitter:
            arrival += self._rng.random() * self.jitter
        stream.arrived_last = arrival = max(arrival, stream.arrived_last)
        bags = self._mail.get(arrival)
        if bags is None:
            bags = self._mail[arrival] = {}
            self._clock.at_moment(arrival, self._mail_arrives, arrival)
        bags.setdefault(stream.receiver.peer, []).append((stream, message))

    def _mail_arrives(self, arrival: float) -> None:
        """Of one moment's messages each receiver gets its own together: a thousand peers don't fit a CPU's cache."""
        for bag in self._mail.pop(arrival).values():
            for stream, message in bag:
                if stream.link.open:
                    stream.bytes += MESSAGE_BYTES
                    self._ears.message_arrives(stream, message)

    # ---- pieces

    def _begin_piece(self, stream: Stream, piece: int) -> None:
        stream.busy = True
        stream.piece = piece
        stream.left = max(0, min(self.piece_size, self.size - piece * self.piece_size))
        self._want_turn(stream)

    def _want_turn(self, stream: Stream) -> None:
        if stream.left and stream.in_flight < WINDOW and not stream.turn:
            stream.turn = True
            stream.sender.turns.append(stream)
            self._serve_uplink(stream.sender)

    def _serve_uplink(self, sender: Port) -> None:
        while sender.turns and not sender.uplink_busy:
            stream = sender.turns.popleft()
            stream.turn = False
            if stream.link.open:
                size = min(self.chunk, stream.left)
                stream.left -= size
                stream.in_flight += 1
                sender.uplink_busy = True
                self._clock.at(size / sender.rates.up, self._chunk_sent, stream, size, sender.life)

    def _chunk_sent(self, stream: Stream, size: int, life: int) -> None:
        sender, receiver = stream.sender, stream.receiver
        if sender.life != life:
            return
        sender.uplink_busy = False
        arrival = self._clock.now + self.delay()
        last = not stream.left
        ended = stream.piece if last else None
        if sender.ways is receiver.ways:
            self._take_in(stream, size, ended, arrival)
        else:
            stream.between += 1
            self._clock.at_moment(arrival, self._leave_zone, stream, size, ended)
        if last:
            stream.busy = False
            if stream.link.open:  # a peer hears nothing of a connection that is gone
                self._ears.piece_sent(stream, stream.piece)
            self._pump(stream)
        else:
            self._want_turn(stream)
        self._serve_uplink(sender)

    def _leave_zone(self, stream: Stream, size: int, ended: Optional[int]) -> None:
        ways = stream.sender.ways
        out = ways.out.passes(size, self._clock.now) if ways else self._clock.now
        self._clock.at_moment(out, self._enter_zone, stream, size, ended)

    def _enter_zone(self, stream: Stream, size: int, ended: Optional[int]) -> None:
        ways = stream.receiver.ways
        through = ways.into.passes(size, self._clock.now) if ways else self._clock.now
        self._clock.at_moment(through, self._is_in_zone, stream, size, ended)

    def _is_in_zone(self, stream: Stream, size: int, ended: Optional[int]) -> None:
        stream.between -= 1
        self._take_in(stream, size, ended, self._clock.now)

    def _take_in(self, stream: Stream, size: int, ended: Optional[int], arrival: float) -> None:
        """A chunk is at the receiver's downlink. `ended`: the piece that this chunk is the last of."""
        receiver = stream.receiver
        begin = max(arrival, receiver.down_free, stream.arrived_last)
        receiver.down_free = begin + size / receiver.rates.down
        stream.arrived_last = receiver.down_free
        self._clock.at_moment(receiver.down_free, self._chunk_arrives, stream, size, ended)

    def _chunk_arrives(self, stream: Stream, size: int, ended: Optional[int]) -> None:
        """`ended`: the piece that this chunk was the last of."""
        if not stream.link.open:
            return
        stream.bytes += size
        stream.piece_bytes += size
        stream.in_flight -= 1
        self._want_turn(stream)
        if ended is not None:
            self._ears.piece_arrives(stream, ended)

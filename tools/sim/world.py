"""A swarm in simulated time: carries the effects of many `peer.core` swarms to one another, as wires would.

Model: each peer has an uplink that serves its transfers in turn, chunk by chunk, and a downlink that takes chunks as
they come; a transfer keeps `WINDOW` chunks in flight, as TCP does. Messages on one connection keep their order and wait
behind a piece that is being sent. Everything that looks like chance comes from one seeded generator.
"""

from __future__ import annotations

import heapq
from collections import deque
from random import Random
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional, Tuple

from peer.core.events import (
    Connected,
    Dial,
    DialFailed,
    Disconnected,
    Drop,
    Effect,
    Event,
    Finish,
    Finished,
    Leave,
    Log,
    PieceBad,
    PieceSent,
    PieceStored,
    Received,
    Send,
    SendPiece,
    StopDialling,
    Tick,
)
from peer.core.swarm import Setup, Swarm

WINDOW = 2  # chunks of one transfer between sender and receiver
REDIAL = 0.25  # seconds between two tries
LINGER = 1.0  # seconds that a leaving peer's last messages have


class Rates(NamedTuple):
    """A peer's links in bytes a second."""

    up: float
    down: float


class Stream:
    """One direction of one connection: what is queued, and the piece on the wire."""

    def __init__(self, link: "Link", sender: "SimPeer", receiver: "SimPeer") -> None:
        self.link = link
        self.sender = sender
        self.receiver = receiver
        self.outbox: Deque[Tuple[str, Any]] = deque()
        self.busy = False
        self.arrived_last = 0.0
        self.chunks_left = 0
        self.in_flight = 0
        self.waiting_turn = False
        self.bytes = 0


class Link:
    """A connection; `open` until either side goes."""

    def __init__(self, dialler: "SimPeer", listener: "SimPeer") -> None:
        self.open = True
        self.ends = {dialler.id: Stream(self, dialler, listener), listener.id: Stream(self, listener, dialler)}


class SimPeer:
    """A peer in the world: its core, its links and its fate."""

    def __init__(self, setup: Setup, rates: Rates, sent_bad: float = 0.0) -> None:
        self.setup = setup
        self.id = setup.me
        self.rates = rates
        self.sent_bad = sent_bad  # chance that a piece it sends is corrupt
        self.core: Optional[Swarm] = None
        self.alive = False
        self.born = 0  # lives so far: what an earlier life scheduled is void
        self.links: Dict[int, Link] = {}
        self.dialling: set[int] = set()
        self.turns: Deque[Stream] = deque()
        self.uplink_busy = False
        self.down_free = 0.0
        self.disk = 0  # the set of pieces that survives a crash
        self.whole = False
        self.completed: Optional[float] = None
        self.left: Optional[Leave] = None
        self.sent_pieces = 0
        self.log: List[Any] = []


class World:
    """Runs the peers of one swarm until all have left, or `limit` simulated seconds are over."""

    def __init__(self, seed: int, piece_size: int, size: int, chunk: int = 64 * 1024, latency: float = 0.0005) -> None:
        self.rng = Random(seed)
        self.now = 0.0
        self.piece_size = piece_size
        self.size = size
        self.chunk = chunk
        self.latency = latency
        self.jitter = 0.0
        self.keep_logs = False
        self.peers: Dict[int, SimPeer] = {}
        self.cut: set[int] = set()
        self.messages = 0
        self._queue: List[Tuple[float, int, Callable[..., None], Tuple[Any, ...]]] = []
        self._serial = 0

    # ---- time

    def at(self, delay: float, what: Callable[..., None], *args: Any) -> None:
        """Do something `delay` seconds from now."""
        self._serial += 1
        heapq.heappush(self._queue, (self.now + delay, self._serial, what, args))

    def run(self, limit: float = 10_000.0) -> None:
        """Let time pass until nothing is left to happen (all peers have gone) or the limit is reached."""
        queue = self._queue
        while queue and queue[0][0] <= limit:
            self.now, _serial, what, args = heapq.heappop(queue)
            what(*args)

    # ---- lives

    def add(self, setup: Setup, rates: Rates, here: int = 0, whole: bool = False, sent_bad: float = 0.0) -> SimPeer:
        """Put a peer into the world; `begin` starts it."""
        peer = self.peers[setup.me] = SimPeer(setup, rates, sent_bad)
        peer.disk, peer.whole = here, whole
        return peer

    def begin(self, peer: SimPeer) -> None:
        """Start a peer, for the first time or again after `kill`."""
        peer.alive, peer.left, peer.born = True, None, peer.born + 1
        peer.core = Swarm(peer.setup, peer.disk, peer.whole, Random(self.rng.random()))
        self._carry_out(peer, peer.core.start(self.now))
        self._schedule_tick(peer)

    def kill(self, peer: SimPeer) -> None:
        """End a peer without a word; what its disk holds stays."""
        if peer.alive:
            self._end(peer)

    def _end(self, peer: SimPeer) -> None:
        peer.alive = False
        peer.dialling.clear()
        peer.turns.clear()
        peer.uplink_busy = False
        for link in list(peer.links.values()):
            self._close(link, "connection closed")
        peer.links.clear()

    # ---- events and effects

    def deliver(self, peer: SimPeer, event: Event) -> None:
        """Hand an event to a peer's core and carry out what it answers."""
        if peer.alive and peer.core:
            self._carry_out(peer, peer.core.handle(event, self.now))

    def _carry_out(self, peer: SimPeer, effects: List[Effect]) -> None:
        for effect in effects:
            kind = type(effect)
            if kind is Send or kind is SendPiece:
                link = peer.links.get(effect.peer)  # type: ignore[union-attr]
                if link:
                    stream = link.ends[peer.id]
                    stream.outbox.append((kind.__name__, effect))
                    self._pump(stream)
            elif kind is Log:
                if self.keep_logs:
                    peer.log.append(effect.entry)  # type: ignore[union-attr]
            else:
                self._carry_out_rare(peer, effect)

    def _carry_out_rare(self, peer: SimPeer, effect: Effect) -> None:
        if isinstance(effect, Dial):
            peer.dialling.add(effect.peer)
            self.at(self._delay(), self._dial, peer, effect.peer, peer.born)
        elif isinstance(effect, StopDialling):
            peer.dialling.discard(effect.peer)
        elif isinstance(effect, Drop):
            link = peer.links.get(effect.peer)
            if link:
                self._close(link, effect.reason)
        elif isinstance(effect, Finish):
            self.at(0.001, self._finish, peer, peer.born)
        elif isinstance(effect, Leave) and peer.left is None:
            peer.left = effect
            self.at(LINGER, self._leave, peer, peer.born)

    def _leave(self, peer: SimPeer, life: int) -> None:
        if peer.alive and peer.born == life:
            self._end(peer)

    def _finish(self, peer: SimPeer, life: int) -> None:
        if peer.alive and peer.born == life:
            peer.whole = True
            peer.completed = self.now if peer.completed is None else peer.completed
            self.deliver(peer, Finished())

    def _schedule_tick(self, peer: SimPeer) -> None:
        assert peer.core
        self.at(max(0.0, peer.core.due(self.now) - self.now) + 1e-6, self._tick, peer, peer.born)

    def _tick(self, peer: SimPeer, life: int) -> None:
        if peer.alive and peer.born == life:
            received = {other: link.ends[other].bytes for other, link in peer.links.items()}
            sent = {other: link.ends[peer.id].bytes for other, link in peer.links.items()}
            self.deliver(peer, Tick(received, sent))
            self._schedule_tick(peer)

    # ---- connections

    def _dial(self, peer: SimPeer, other_id: int, life: int) -> None:
        if not peer.alive or peer.born != life or other_id not in peer.dialling:
            return
        other = self.peers.get(other_id)
        if other is None or not other.alive or other.left or self.cut & {peer.id, other_id}:
            self.deliver(peer, DialFailed(other_id, "connection refused"))
            self.at(REDIAL, self._dial, peer, other_id, life)
            return
        peer.dialling.discard(other_id)
        stale = peer.links.get(other_id)
        if stale:
            self._close(stale, "replaced by a newer connection")
        link = Link(peer, other)
        peer.links[other_id] = other.links[peer.id] = link
        fleet = peer.setup.profile == other.setup.profile == "fleet"
        self.deliver(other, Connected(peer.id, False, fleet))
        self.deliver(peer, Connected(other_id, True, fleet))

    def _close(self, link: Link, reason: str) -> None:
        if not link.open:
            return
        link.open = False
        for stream in link.ends.values():
            self.at(self._delay(), self._gone, stream.receiver, stream.sender.id, link, reason, stream.receiver.born)

    def _gone(self, peer: SimPeer, other: int, link: Link, reason: str, life: int) -> None:
        if peer.links.get(other) is link:
            del peer.links[other]
        if peer.born == life and other not in peer.links:
            self.deliver(peer, Disconnected(other, reason))

    def lose_connection(self, peer: SimPeer, other_id: int) -> None:
        """Cut one connection, as a network would; the dialler may dial again."""
        link = peer.links.get(other_id)
        if link:
            self._close(link, "connection reset")

    # ---- wires

    def _delay(self) -> float:
        return self.latency + (self.rng.random() * self.jitter if self.jitter else 0.0)

    def _pump(self, stream: Stream) -> None:
        """Send what stands at the head of a connection's outbox, until a piece takes the wire."""
        while stream.outbox and not stream.busy and stream.link.open:
            kind, effect = stream.outbox.popleft()
            if kind == "Send":
                self._pass_message(stream, effect)
            else:
                self._begin_piece(stream, effect.piece)

    def _pass_message(self, stream: Stream, effect: Any) -> None:
        self.messages += 1
        arrival = max(self.now + self._delay(), stream.arrived_last)
        stream.arrived_last = arrival
        self.at(arrival - self.now, self._message_arrives, stream, Received(stream.sender.id, effect.message))

    def _message_arrives(self, stream: Stream, event: Received) -> None:
        if stream.link.open:
            stream.bytes += 9
            self.deliver(stream.receiver, event)

    def _begin_piece(self, stream: Stream, piece: int) -> None:
        length = min(self.piece_size, self.size - piece * self.piece_size)
        stream.busy = True
        stream.chunks_left = max(1, -(-length // self.chunk))
        stream.piece = piece  # type: ignore[attr-defined]
        stream.sizes = [self.chunk] * (stream.chunks_left - 1)  # type: ignore[attr-defined]
        stream.sizes.append(max(0, length - self.chunk * (stream.chunks_left - 1)))  # type: ignore[attr-defined]
        self._want_turn(stream)

    def _want_turn(self, stream: Stream) -> None:
        if stream.chunks_left and stream.in_flight < WINDOW and not stream.waiting_turn:
            stream.waiting_turn = True
            stream.sender.turns.append(stream)
            self._serve_uplink(stream.sender)

    def _serve_uplink(self, sender: SimPeer) -> None:
        while sender.turns and not sender.uplink_busy:
            stream = sender.turns.popleft()
            stream.waiting_turn = False
            if not stream.link.open:
                continue
            size = stream.sizes[-stream.chunks_left]  # type: ignore[attr-defined]
            stream.chunks_left -= 1
            stream.in_flight += 1
            sender.uplink_busy = True
            self.at(size / sender.rates.up, self._chunk_sent, stream, size, sender.born)

    def _chunk_sent(self, stream: Stream, size: int, life: int) -> None:
        sender, receiver = stream.sender, stream.receiver
        if sender.born != life or not sender.alive:
            return
        sender.uplink_busy = False
        begin = max(self.now + self._delay(), receiver.down_free)
        receiver.down_free = begin + size / receiver.rates.down
        last = stream.chunks_left == 0
        self.at(receiver.down_free - self.now, self._chunk_arrives, stream, size, last)
        self._want_turn(stream)
        self._serve_uplink(sender)

    def _chunk_arrives(self, stream: Stream, size: int, last: bool) -> None:
        if not stream.link.open:
            return
        stream.bytes += size
        stream.in_flight -= 1
        self._want_turn(stream)
        if last:
            self._piece_arrives(stream)

    def _piece_arrives(self, stream: Stream) -> None:
        piece: int = stream.piece  # type: ignore[attr-defined]
        stream.busy = False
        stream.arrived_last = self.now
        stream.sender.sent_pieces += 1
        bad = stream.sender.sent_bad and self.rng.random() < stream.sender.sent_bad
        if bad:
            self.deliver(stream.receiver, PieceBad(stream.sender.id, piece))
        else:
            if stream.receiver.alive:
                stream.receiver.disk |= 1 << piece
            self.deliver(stream.receiver, PieceStored(stream.sender.id, piece))
        self.deliver(stream.sender, PieceSent(stream.receiver.id, piece))
        self._pump(stream)

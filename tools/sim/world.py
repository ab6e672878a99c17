"""A swarm in simulated time: carries the effects of many `peer.core` swarms to one another, as their edges would.

Everything that looks like chance comes from one seeded generator, so the same seed gives the same run.
"""

from __future__ import annotations

from random import Random
from typing import Any, Callable, Dict, List, Optional, Set

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
    PieceSurplus,
    Received,
    Send,
    SendPiece,
    StopDialling,
)
from peer.core.messages import Message
from peer.core.setup import Setup
from peer.core.swarm import Swarm
from tools.sim.clock import Clock
from tools.sim.wires import Link, Port, Rates, Stream, Wires, tick_of

REDIAL = 0.25  # seconds between two tries
LINGER = 10.0  # seconds that a leaving peer's last messages may take
LOOK = 0.05  # seconds between two looks whether they are through
SYNC = 0.001  # seconds from the last piece to the final name


class SimPeer:
    """A peer in the world: its core, its links and its fate."""

    def __init__(self, setup: Setup, rates: Rates, sent_bad: float = 0.0) -> None:
        self.setup = setup
        self.id = setup.me
        self.port = Port(setup.me, rates)
        self.sent_bad = sent_bad  # chance that a piece it sends is corrupt
        self.core: Optional[Swarm] = None
        self.alive = False
        self.missed: Optional[List[Callable[[], None]]] = None  # while it is frozen: what it will see when it thaws
        self.links: Dict[int, Link] = {}
        self.dialling: Set[int] = set()
        self.disk = 0  # the set of pieces that survives a crash
        self.complete = False
        self.completed: Optional[float] = None
        self.left: Optional[Leave] = None
        self.sent_pieces = 0
        self.log: List[Any] = []


# Sees each step of a run: the peer, the event it was told (None: it began), and what its core answered.
Watch = Callable[[SimPeer, Optional[Event], List[Effect]], None]


class World:
    """Runs the peers of one swarm until all have left, or a limit of simulated seconds is over."""

    def __init__(self, seed: int, piece_size: int, size: int) -> None:
        self.rng = Random(seed)
        self.clock = Clock()
        self.wires = Wires(self.clock, self.rng, piece_size, size, self)
        self.piece_size = piece_size
        self.size = size
        self.keep_logs = False
        self.watch: Optional[Watch] = None
        self.peers: Dict[int, SimPeer] = {}
        self.no_inbound: Set[int] = set()  # peers that nobody can dial
        self.cut: Set[int] = set()  # peers that nobody reaches, and that reach nobody

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.clock.now

    def at(self, delay: float, what: Callable[..., None], *args: Any) -> None:
        """Do something `delay` seconds from now."""
        self.clock.at(delay, what, *args)

    def run(self, limit: float = 10_000.0) -> bool:
        """Let time pass until all peers have gone, or the limit is reached; whether all have gone."""
        return self.clock.run(limit)

    # ---- lives

    def add(self, setup: Setup, rates: Rates, here: int = 0, complete: bool = False, sent_bad: float = 0.0) -> SimPeer:
        """Put a peer into the world; `begin` starts it."""
        peer = self.peers[setup.me] = SimPeer(setup, rates, sent_bad)
        peer.disk, peer.complete = here, complete
        return peer

    def begin(self, peer: SimPeer) -> None:
        """Start a peer, for the first time or again after `kill`."""
        peer.alive, peer.left = True, None
        peer.disk |= peer.setup.repeats.still if peer.setup.repeats else 0  # zeros are made as soon as it starts
        peer.core = Swarm(peer.setup, peer.disk, peer.complete, Random(self.rng.random()))
        self._carry_out(peer, None, peer.core.start(self.now))
        self._schedule_tick(peer)

    def kill(self, peer: SimPeer) -> None:
        """End a peer without a word; what its disk holds stays."""
        if peer.alive:
            self._end(peer)

    def freeze(self, peer: SimPeer) -> None:
        """Stop a peer as SIGSTOP does: its connections stay open, and it neither sees nor does anything."""
        if peer.alive and peer.missed is None:
            peer.missed = []

    def thaw(self, peer: SimPeer) -> None:
        """Let a frozen peer go on: it sees what it missed, in order."""
        missed, peer.missed = peer.missed or [], None
        for see in missed:
            see()

    def _end(self, peer: SimPeer) -> None:
        peer.alive, peer.missed = False, None
        peer.dialling.clear()
        peer.port.reset()
        for link in list(peer.links.values()):
            self._close(link, "connection closed")
        peer.links.clear()

    # ---- events and effects

    def deliver(self, peer: SimPeer, event: Event) -> None:
        """Hand an event to a peer's core and carry out what it answers."""
        if peer.missed is not None:
            peer.missed.append(lambda: self.deliver(peer, event))
        elif peer.alive and peer.core:
            self._carry_out(peer, event, peer.core.handle(event, self.clock.now))

    def _carry_out(self, peer: SimPeer, event: Optional[Event], effects: List[Effect]) -> None:
        if self.watch:
            self.watch(peer, event, effects)
        for effect in effects:
            kind = type(effect)  # millions of them: comparing is faster than isinstance
            if kind is Send or kind is SendPiece:
                link = peer.links.get(effect.peer)  # type: ignore[union-attr]
                if link:
                    self.wires.put(link.ends[peer.id], effect)  # type: ignore[arg-type]
            elif kind is Log:
                if self.keep_logs:
                    peer.log.append(effect.entry)  # type: ignore[union-attr]
            else:
                self._carry_out_rare(peer, effect)

    def _carry_out_rare(self, peer: SimPeer, effect: Effect) -> None:
        if isinstance(effect, Dial):
            peer.dialling.add(effect.peer)
            self.at(self.wires.delay(), self._dial, peer, effect.peer, peer.port.life, effect.beat)
        elif isinstance(effect, StopDialling):
            peer.dialling.discard(effect.peer)
        elif isinstance(effect, Drop):
            link = peer.links.get(effect.peer)
            if link:
                self._close(link, effect.reason)
        elif isinstance(effect, Finish):
            self.at(SYNC, self._finish, peer, peer.port.life)
        elif isinstance(effect, Leave) and peer.left is None:
            peer.left = effect
            self.at(LOOK, self._leave, peer, peer.port.life, self.now + LINGER)

    def _leave(self, peer: SimPeer, life: int, deadline: float) -> None:
        if not peer.alive or peer.port.life != life:
            return
        if peer.missed is not None:
            peer.missed.append(lambda: self._leave(peer, life, deadline))
            return
        through = all(self.wires.through(link.ends[peer.id]) for link in peer.links.values())
        if through or self.now >= deadline:
            self._end(peer)
        else:
            self.at(LOOK, self._leave, peer, life, deadline)

    def _finish(self, peer: SimPeer, life: int) -> None:
        if peer.alive and peer.port.life == life:
            peer.complete = True
            peer.completed = self.now if peer.completed is None else peer.completed
            self.deliver(peer, Finished())

    def _schedule_tick(self, peer: SimPeer) -> None:
        assert peer.core
        self.at(max(0.0, peer.core.due(self.now) - self.now) + 1e-6, self._tick, peer, peer.port.life)

    def _tick(self, peer: SimPeer, life: int) -> None:
        if peer.missed is not None:
            peer.missed.append(lambda: self._tick(peer, life))
        elif peer.alive and peer.port.life == life:
            self.deliver(peer, tick_of(peer.id, peer.links))
            self._schedule_tick(peer)

    # ---- connections

    def _dial(self, peer: SimPeer, other_id: int, life: int, beat: float) -> None:
        if not peer.alive or peer.port.life != life or other_id not in peer.dialling:
            return
        if peer.missed is not None:
            peer.missed.append(lambda: self._dial(peer, other_id, life, beat))
        elif trouble := self._trouble_between(peer, other_id):
            self.deliver(peer, DialFailed(other_id, trouble))
            self.at(REDIAL, self._dial, peer, other_id, life, beat)
        elif beat:
            self.at(beat, self._dial, peer, other_id, life, 0.0)
        else:
            peer.dialling.discard(other_id)
            self._join(peer, self.peers[other_id])

    def _trouble_between(self, peer: SimPeer, other_id: int) -> str:
        """Why a connection can't be made now."""
        other = self.peers.get(other_id)
        if self.cut & {peer.id, other_id} or other_id in self.no_inbound:
            return "no route to host"
        if other is None or not other.alive or other.left:
            return "connection refused"
        return "no answer in time" if other.missed is not None else ""

    def _join(self, dialler: SimPeer, listener: SimPeer) -> None:
        """A new connection, which replaces an old one that an end may not have missed yet."""
        if isinstance(listener.core, Swarm) and listener.core.dialling.keeps_old(dialler.id, False, self.now):
            return
        link = Link(dialler.port, listener.port)
        for peer, other in ((listener, dialler), (dialler, listener)):
            if stale := peer.links.pop(other.id, None):
                stale.open = False
        dialler.links[listener.id] = listener.links[dialler.id] = link
        fleet = dialler.setup.profile == listener.setup.profile == "fleet"
        self.deliver(listener, Connected(dialler.id, False, fleet))
        self.deliver(dialler, Connected(listener.id, True, fleet))

    def _close(self, link: Link, reason: str) -> None:
        if link.open:
            link.open = False
            for stream in link.ends.values():
                self.at(self.wires.delay(), self._gone, stream, reason, stream.receiver.life)

    def _gone(self, stream: Stream, reason: str, life: int) -> None:
        peer, other = self.peers[stream.receiver.peer], stream.sender.peer
        if peer.port.life == life and peer.links.get(other) is stream.link:
            del peer.links[other]
            self.deliver(peer, Disconnected(other, reason))

    def cut_off(self, peer: SimPeer) -> None:
        """Take a peer off the network, until `heal`."""
        self.cut.add(peer.id)
        for link in list(peer.links.values()):
            self._close(link, "connection timed out")

    def heal(self, peer: SimPeer) -> None:
        """Put a peer back on the network; who still dials reaches it again."""
        self.cut.discard(peer.id)

    def lose_connection(self, peer: SimPeer, other_id: int) -> None:
        """Cut one connection, as a network would; the dialler may dial again."""
        link = peer.links.get(other_id)
        if link:
            self._close(link, "connection reset")

    # ---- what the wires bring

    def message_arrives(self, stream: Stream, message: Message) -> None:
        """A message is through."""
        self.deliver(self.peers[stream.receiver.peer], Received(stream.sender.peer, message))

    def piece_sent(self, stream: Stream, piece: int) -> None:
        """A piece is out, as `sendfile` reports it."""
        sender = self.peers[stream.sender.peer]
        sender.sent_pieces += 1
        self.deliver(sender, PieceSent(stream.receiver.peer, piece))

    def piece_arrives(self, stream: Stream, piece: int) -> None:
        """A piece is through: it is checked and stored, as the store does."""
        sender, receiver = self.peers[stream.sender.peer], self.peers[stream.receiver.peer]
        self._take_piece(receiver, sender, piece)

    def _take_piece(self, receiver: SimPeer, sender: SimPeer, piece: int) -> None:
        if receiver.missed is not None:
            receiver.missed.append(lambda: self._take_piece(receiver, sender, piece))
        elif receiver.disk >> piece & 1:
            self.deliver(receiver, PieceSurplus(sender.id, piece))
        elif sender.sent_bad and self.rng.random() < sender.sent_bad:
            self.deliver(receiver, PieceBad(sender.id, piece))
        else:
            receiver.disk |= 1 << piece
            self.deliver(receiver, PieceStored(sender.id, piece))

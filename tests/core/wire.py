"""Two real ends joined by a fake wire: cores, handshakes, messages as bytes, pieces with their hashes, cut anyhow.

`Wire(one, other).run()` is the one helper that every scenario goes through.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

from peer.core import bits, handshake, messages
from peer.core.config import Common, PeerRow
from peer.core.errors import ProtocolError
from peer.core.eventlog import format_entry
from peer.core.events import (
    Connected,
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
    Tick,
)
from peer.core.handshake import CLASSIC_STYLE, Handshake, Style
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.messages import Decoder, Message, PieceBody, PieceStart
from peer.core.setup import Setup
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC, FLEET

Say = Callable[[Message, Manifest], List[bytes]]  # how an end puts a message into bytes
Cut = Callable[[int], int]  # how many of so many waiting bytes arrive next
PATIENCE = 30.0


def say_properly(message: Message, manifest: Manifest) -> List[bytes]:
    """As we do."""
    return [messages.encode(message, manifest.piece_count)]


class Wish(NamedTuple):
    """What one end is: its profile, what it has, how it spells, and what it does to the pieces that it sends."""

    profile: str = CLASSIC
    here: int = 0
    say: Say = say_properly
    style: Optional[Style] = None
    spoil: Callable[[bytes], bytes] = bytes
    forgets: int = 0  # every so many requests it leaves one unanswered


class End:
    """One peer: its core, its copy of the payload, and what it says. `seed`: 1001 is listed with the file."""

    def __init__(self, me: int, wish: Wish, manifest: Manifest, payload: bytes, seed: bool) -> None:
        rows = (PeerRow(1001, "a", 6008, seed), PeerRow(1002, "b", 6009, False))
        common = Common(1, 1.0, 2.0, manifest.name, manifest.size, manifest.piece_size)
        setup = Setup(me, rows, common, wish.profile, Limits(PATIENCE), manifest.piece_count)
        self.me = me
        self.other = 2003 - me
        self.wish = wish
        self.manifest = manifest
        self.pieces: Dict[int, bytes] = {}
        for index in range(manifest.piece_count):
            if wish.here >> index & 1:
                self.pieces[index] = payload[index * manifest.piece_size :][: manifest.piece_size]
        whole = len(self.pieces) == manifest.piece_count and (me == 1001 or bool(self.pieces))
        self.core = Swarm(setup, wish.here, whole, Random(me))
        tag = handshake.fleet_style(manifest.digest) if wish.profile == FLEET else CLASSIC_STYLE
        self.style = wish.style or tag
        self.said = bytearray()  # on its way to the other end
        self.heard = 0
        self.decoder = Decoder(manifest)
        self.left: Optional[Leave] = None
        self.dropped: List[str] = []
        self.log: List[str] = []
        self._later: List[Event] = []
        self._asked = 0
        self._receiving = (0, b"", 0)

    @property
    def payload(self) -> bytes:
        """What it has, in order."""
        return b"".join(self.pieces[index] for index in sorted(self.pieces))

    def tell(self, event: Event, now: float) -> None:
        """One event and all that follows from it at once."""
        self._carry_out(self.core.handle(event, now))
        while self._later:
            self._carry_out(self.core.handle(self._later.pop(0), now))

    def begin(self, dialled: bool, theirs: Handshake, now: float) -> None:
        """The handshakes are through."""
        fleet = handshake.is_fleet(self.style) and self.style.padding == theirs.style.padding
        self.decoder = Decoder(self.manifest, fleet)
        self.tell(Connected(self.other, dialled, fleet), now)

    def hear(self, data: bytes, now: float) -> None:
        """Bytes come. Raises ProtocolError."""
        self.heard += len(data)
        for item in self.decoder.feed(memoryview(data)):
            if isinstance(item, Message):
                self.tell(Received(self.other, item), now)
            elif isinstance(item, PieceStart):
                self._receiving = (item.piece, b"", item.length)
            elif isinstance(item, PieceBody):
                piece, body, length = self._receiving
                self._receiving = (piece, body + bytes(item.data), length)
                if len(self._receiving[1]) == length:
                    self.tell(self._store(piece, self._receiving[1]), now)

    def _store(self, piece: int, body: bytes) -> Event:
        if piece in self.pieces:
            return PieceSurplus(self.other, piece)
        if hashlib.sha256(body).digest() != self.manifest.pieces[piece]:
            return PieceBad(self.other, piece)
        self.pieces[piece] = body
        return PieceStored(self.other, piece)

    def _carry_out(self, effects: List[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                for data in self.wish.say(effect.message, self.manifest):
                    self.said += data
            elif isinstance(effect, SendPiece):
                self._send_piece(effect)
            elif isinstance(effect, Log):
                self.log.append(format_entry(effect.entry))
            elif isinstance(effect, Finish):
                self._later.append(Finished())
            elif isinstance(effect, Drop):
                self.dropped.append(effect.reason)
            elif isinstance(effect, Leave) and self.left is None:
                self.left = effect

    def _send_piece(self, effect: SendPiece) -> None:
        self._asked += 1
        if not self.wish.forgets or self._asked % self.wish.forgets:
            body = self.wish.spoil(self.pieces.get(effect.piece, b""))
            self.said += messages.piece_header(effect.piece, len(body)) + body
        self._later.append(PieceSent(effect.peer, effect.piece))


class Wire:
    """Joins two ends. The second of them, 1002, dials. `cut`: how the bytes are cut into parts."""

    def __init__(self, one: Wish, other: Wish, manifest: Manifest, payload: bytes, cut: Optional[Cut] = None) -> None:
        seed = one.here == bits.full(manifest.piece_count)
        self.one, self.other = End(1001, one, manifest, payload, seed), End(1002, other, manifest, payload, seed)
        self.ends = (self.one, self.other)
        self.now = 0.0
        self.closed = ""  # why the connection is gone
        self._cut: Cut = cut or (lambda waiting: waiting)

    def run(self, limit: float = 100.0) -> None:
        """From the handshake to the end: until both have left, or so many seconds are over."""
        for end in self.ends:
            end._carry_out(end.core.start(self.now))
        self._greet()
        while not all(end.left for end in self.ends) and self.now < limit:
            self._carry()
            self._let_time_pass()
        self._carry()

    def _greet(self) -> None:
        """The dialling end's handshake, and the answer in its style."""
        asked = handshake.decode(handshake.encode(1002, self.other.style), (1002,))
        answer = handshake.answer_style(self.one.style, asked.style) if self.one.wish.style is None else self.one.style
        answered = handshake.decode(handshake.encode(1001, answer), (1001,))
        self.one.begin(False, asked, self.now)
        self.other.begin(True, answered, self.now)

    def _carry(self) -> None:
        """Carry bytes both ways, part by part, until nobody has anything to say."""
        while not self.closed and (self.one.said or self.other.said):
            for speaker, listener in (self.ends, self.ends[::-1]):
                part = bytes(speaker.said[: self._cut(len(speaker.said))])
                del speaker.said[: len(part)]
                self._hear(listener, part)

    def _hear(self, listener: End, part: bytes) -> None:
        try:
            listener.hear(part, self.now)
        except ProtocolError as error:
            self._close(f"protocol error: {error}")
        for end in self.ends:
            if end.dropped and not self.closed:
                self._close(end.dropped[-1])

    def _close(self, reason: str) -> None:
        self.closed = reason
        for end in self.ends:
            end.tell(Disconnected(end.other, reason), self.now)

    def _let_time_pass(self) -> None:
        self.now = max(self.now, min(end.core.due(self.now) for end in self.ends)) + 1e-3
        for end in self.ends:
            if end.core.due(self.now) <= self.now:
                end.tell(Tick({end.other: end.heard}, fetched={end.other: end.heard}), self.now)


def chopped(seed: int) -> Cut:
    """Parts of any length, as chance gives them."""
    rng = Random(seed)
    return lambda waiting: min(waiting, rng.choice((1, 2, 4, 5, 7, 64)))


def cuts() -> Iterator["tuple[str, Cut]"]:
    """The ways to cut: all at once, byte by byte, and as chance gives."""
    yield "whole", lambda waiting: waiting
    yield "byte by byte", lambda waiting: min(waiting, 1)
    yield "chopped", chopped(1)

"""Foreign peers for the simulated world: the protocol as others write it, with habits that chance gives to each."""

from __future__ import annotations

from random import Random
from typing import Callable, Dict, List, NamedTuple, Set

from peer.core import bits, messages
from peer.core.events import (
    Connected,
    Dial,
    Disconnected,
    Drop,
    Effect,
    Event,
    Finish,
    Leave,
    PieceStored,
    PieceSurplus,
    Received,
    Send,
    SendPiece,
    Tick,
)
from peer.core.messages import Message
from peer.core.setup import Setup

ASKING = (
    "by the book",
    "early",  # directly after its bitfield, and it ignores chokes
    "once",  # never again for what it has asked for once
    "upon unchoke",  # or after a new piece, and never otherwise
    "forgetful",  # it believes that it has asked for some pieces already
    "everything",  # all at the same time, and again at every have
)
INTEREST = ("by the book", "never", "twice", "for ever")
SERVING = ("by the book", "never unchokes", "chokes in turns", "nothing")
TICK = 0.25
TURN = 1.0  # seconds between the chokes of one that chokes in turns


class Habits(NamedTuple):
    """One foreign peer. `loses`: when it closes all its connections and waits to be dialled; 0: never."""

    asking: str = "by the book"
    interest: str = "by the book"
    serving: str = "by the book"
    loses: float = 0.0


def draw_habits(rng: Random, serves: bool) -> Habits:
    """Habits by chance; `serves`: it has to serve at all."""
    serving = rng.choice(SERVING[:-1] if serves else SERVING)
    return Habits(rng.choice(ASKING), rng.choice(INTEREST), serving, rng.choice((0.0, 0.0, rng.uniform(0.6, 3))))


class Wire:
    """What a foreign peer knows of one connection."""

    def __init__(self) -> None:
        self.theirs = 0
        self.chokes_us = True
        self.choked = True  # by us
        self.wants = False
        self.open: Set[int] = set()
        self.asked: Set[int] = set()


class ForeignCore:
    """Answers events with effects, as `Swarm` does. `over`: whether it may go."""

    def __init__(self, setup: Setup, here: int, habits: Habits, rng: Random, over: Callable[[], bool]) -> None:
        self.habits = habits
        self._setup = setup
        self._rng = rng
        self._over = over
        self._here = here
        self._wires: Dict[int, Wire] = {}
        self._due = 0.0
        self._turn = 0.0
        self._began = 0.0
        self._believes = {index for index in range(setup.total) if rng.random() < 0.3}
        self._finished = False

    @property
    def _missing(self) -> int:
        return bits.full(self._setup.total) & ~self._here

    def start(self, now: float) -> List[Effect]:
        self._began = self._turn = now
        self._due = now + TICK
        return [Dial(peer) for peer in self._setup.dialled]

    def due(self, now: float) -> float:
        return self._due

    def handle(self, event: Event, now: float) -> List[Effect]:
        if isinstance(event, Tick):
            return self._tick(now)
        if isinstance(event, Connected):
            return self._connected(event)
        if isinstance(event, Disconnected):
            self._wires.pop(event.peer, None)
        elif isinstance(event, Received) and event.peer in self._wires:
            return self._received(event.peer, self._wires[event.peer], event.message.type, event.message.value)
        elif isinstance(event, (PieceStored, PieceSurplus)):
            return self._stored(event.peer, event.piece)
        return []

    # ---- connections and time

    def _connected(self, event: Connected) -> List[Effect]:
        wire = self._wires[event.peer] = Wire()
        effects: List[Effect] = [Send(event.peer, Message(messages.BITFIELD, self._here))]
        if self.habits.asking == "early" and self._missing:
            effects += [Send(event.peer, Message(messages.INTERESTED))]
            effects += self._ask_for(event.peer, wire, bits.random_bit(self._missing, self._rng))
        return effects

    def _tick(self, now: float) -> List[Effect]:
        self._due = now + TICK
        if self._over():
            return [Leave(0, "")]
        effects: List[Effect] = []
        if self.habits.loses and now - self._began >= self.habits.loses:
            self.habits = self.habits._replace(loses=0.0)
            effects += [Drop(peer, "lost") for peer in self._wires]
            self._wires.clear()
        if self.habits.serving == "chokes in turns" and now - self._turn >= TURN:
            self._turn = now
            for peer, wire in self._wires.items():
                effects += self._set_choke(peer, wire, not wire.choked or not wire.wants)
        return effects

    def _set_choke(self, peer: int, wire: Wire, choke: bool) -> List[Effect]:
        if wire.choked == choke:
            return []
        wire.choked = choke
        return [Send(peer, Message(messages.CHOKE if choke else messages.UNCHOKE))]

    # ---- messages

    def _received(self, peer: int, wire: Wire, kind: int, value: int) -> List[Effect]:
        if kind in (messages.BITFIELD, messages.HAVE):
            wire.theirs |= value if kind == messages.BITFIELD else 1 << value
            asks = self.habits.asking in ("everything", "by the book", "once", "forgetful")
            return self._tell_interest(peer, wire) + (self._ask(peer, wire) if asks else [])
        if kind in (messages.CHOKE, messages.UNCHOKE):
            return self._choked(peer, wire, kind == messages.CHOKE)
        if kind in (messages.INTERESTED, messages.NOT_INTERESTED):
            wire.wants = kind == messages.INTERESTED
            may = self.habits.serving in ("by the book", "chokes in turns")
            return self._set_choke(peer, wire, False) if wire.wants and may else []
        if kind == messages.REQUEST and self._here >> value & 1:
            choked = wire.choked and self.habits.serving != "never unchokes"
            return [] if choked or self.habits.serving == "nothing" else [SendPiece(peer, value)]
        return []

    def _tell_interest(self, peer: int, wire: Wire) -> List[Effect]:
        wants = bool(wire.theirs & self._missing) and self.habits.interest != "never"
        if self.habits.interest == "for ever" and not wants:
            return []
        kind = messages.INTERESTED if wants else messages.NOT_INTERESTED
        return [Send(peer, Message(kind))] * (2 if self.habits.interest == "twice" else 1)

    def _choked(self, peer: int, wire: Wire, choked: bool) -> List[Effect]:
        wire.chokes_us = choked
        if self.habits.asking == "early":
            return []
        if choked:
            wire.open.clear()
            return []
        return self._ask(peer, wire)

    def _ask(self, peer: int, wire: Wire) -> List[Effect]:
        """Ask for the next piece, or for all of them."""
        wanted = wire.theirs & self._missing
        for other in self._wires.values():
            wanted &= ~sum(1 << index for index in other.open) if self.habits.asking != "everything" else -1
        if self.habits.asking == "once":
            wanted &= ~sum(1 << index for index in wire.asked)
        if self.habits.asking == "forgetful":
            wanted &= ~sum(1 << index for index in self._believes)
        may = self.habits.asking == "early" or not wire.chokes_us
        if not wanted or not may or (wire.open and self.habits.asking != "everything"):
            return []
        if self.habits.asking == "everything":
            return [effect for index in bits.indices(wanted) for effect in self._ask_for(peer, wire, index)]
        return self._ask_for(peer, wire, bits.random_bit(wanted, self._rng))

    def _ask_for(self, peer: int, wire: Wire, index: int) -> List[Effect]:
        wire.open.add(index)
        wire.asked.add(index)
        return [Send(peer, Message(messages.REQUEST, index))]

    def _stored(self, peer: int, index: int) -> List[Effect]:
        news = not self._here >> index & 1
        self._here |= 1 << index
        effects: List[Effect] = []
        for other, wire in self._wires.items():
            wire.open.discard(index)
            if news:
                effects.append(Send(other, Message(messages.HAVE, index)))
            if not wire.theirs & self._missing and self.habits.interest != "for ever":
                effects.append(Send(other, Message(messages.NOT_INTERESTED)))
        if peer in self._wires:
            effects += self._ask(peer, self._wires[peer])
        if not self._missing and not self._finished:
            self._finished = True
            effects.append(Finish())
        return effects

"""Histories: facts told to one peer's core, and what it answers, as short lines that a person can read.

1001: request 3            a message to neighbour 1001       log piece 3 of 1001 (4)    a line of the event log
1001: piece 3              a piece's sending                 drop 1001: <reason>        a connection closed
dial 1001, finish          what their names say              leave 0: <reason>          the end
"""

from __future__ import annotations

from random import Random
from types import MappingProxyType
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from peer.core import bits, messages
from peer.core.config import Common, PeerRow
from peer.core.eventlog import Entry
from peer.core.events import (
    Checked,
    Connected,
    Dial,
    DialFailed,
    Disconnected,
    Drop,
    Effect,
    Event,
    Finish,
    Finished,
    Found,
    Leave,
    Log,
    PartStored,
    PieceBad,
    PieceSent,
    PieceStored,
    PieceSurplus,
    Received,
    Send,
    SendPiece,
    Settled,
    StopDialling,
    Tell,
    Tick,
)
from peer.core.limits import Limits
from peer.core.messages import Message
from peer.core.repeats import Repeats
from peer.core.setup import Setup
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC, FLEET

KINDS = {name: kind for kind, name in enumerate(messages.NAMES)}
PIECE_SIZE = 16


def set_of(*indices: int) -> int:
    """The set of these pieces."""
    return sum(1 << index for index in indices)


class History:
    """One peer's core with its clock and its traffic; every method tells it something and returns its answer.

    The peer is 1002 of `ids`, listed in that order; `seeds` have the file. `here`: the pieces that it has; `settled`:
    whether it knows that.
    """

    def __init__(
        self,
        total: int = 4,
        here: Sequence[int] = (),
        profile: str = CLASSIC,
        ids: Sequence[int] = (1001, 1002, 1003),
        seeds: Optional[Sequence[int]] = None,
        limits: Limits = Limits(60.0),  # noqa: B008
        preferred: int = 2,
        seed: int = 0,
        settled: bool = True,
        absent: Tuple[int, ...] = (),
        repeats: Optional[Repeats] = None,
        relayed: Tuple[int, ...] = (),
    ) -> None:
        if seeds is None:
            seeds = (1001,) if profile == FLEET else ()  # a classic one counts as complete, whatever it announces
        rows = tuple(PeerRow(peer, f"host{peer}", 6008, peer in seeds) for peer in ids)
        common = Common(preferred, 5.0, 15.0, "f", total * PIECE_SIZE, PIECE_SIZE)
        setup = Setup(1002, rows, common, profile, limits, total, absent=absent, repeats=repeats, relayed=relayed)
        self.setup = setup
        self.total = total
        self.now = 100.0
        self.core = Swarm(setup, set_of(*here), len(here) == total, Random(seed), settled)
        self.received: Dict[int, int] = {}
        self.unacked: Dict[int, int] = {}
        self.fetched: Dict[int, int] = {}
        self.delivered: Dict[int, int] = {}
        self.started = [show(effect) for effect in self.core.start(self.now)]

    def tell(self, event: Event) -> List[str]:
        """Any event."""
        return [show(effect) for effect in self.core.handle(event, self.now)]

    def connect(self, peer: int, fleet: bool = False, dialled: bool = True) -> List[str]:
        return self.tell(Connected(peer, dialled, fleet))

    def disconnect(self, peer: int, reason: str = "closed by the neighbour", fault: str = "") -> List[str]:
        return self.tell(Disconnected(peer, reason, fault))

    def dial_failed(self, peer: int, reason: str = "connection refused", fault: str = "") -> List[str]:
        return self.tell(DialFailed(peer, reason, fault))

    def got(self, peer: int, name: str, value: int = 0, blocks: int = 0) -> List[str]:
        """A message came; a bitfield's value is a set (see `set_of`), and so are the blocks of a request part."""
        self.received[peer] = self.received.get(peer, 0) + 9
        return self.tell(Received(peer, Message(KINDS[name], value, blocks)))

    def stored(self, peer: int, piece: int) -> List[str]:
        self._fetch(peer, PIECE_SIZE)
        return self.tell(PieceStored(peer, piece))

    def part(self, peer: int, piece: int, *wanted: int) -> List[str]:
        self._fetch(peer, PIECE_SIZE)
        return self.tell(PartStored(peer, piece, set_of(*wanted)))

    def surplus(self, peer: int, piece: int) -> List[str]:
        self._fetch(peer, PIECE_SIZE)
        return self.tell(PieceSurplus(peer, piece))

    def bad(self, peer: int, piece: int) -> List[str]:
        return self.tell(PieceBad(peer, piece))

    def sent(self, peer: int, piece: int) -> List[str]:
        return self.tell(PieceSent(peer, piece))

    def found(self, *pieces: int) -> List[str]:
        return self.tell(Found(set_of(*pieces), set_of(*pieces)))

    def checked(
        self,
        right: Sequence[int] = (),
        wrong: Sequence[int] = (),
        parts: Mapping[int, Sequence[int]] = MappingProxyType({}),
    ) -> List[str]:
        sets = {piece: set_of(*blocks) for piece, blocks in parts.items()}
        return self.tell(Checked(set_of(*right), set_of(*wrong), sets))

    def settled(self, complete: bool) -> List[str]:
        return self.tell(Settled(complete))

    def finished(self) -> List[str]:
        return self.tell(Finished())

    def _fetch(self, peer: int, count: int) -> None:
        """Bytes of a piece come."""
        for counter in (self.received, self.fetched):
            counter[peer] = counter.get(peer, 0) + count

    def wait(self, seconds: float, received: Optional[Mapping[int, int]] = None) -> List[str]:
        """Let time pass with all the ticks that are due; `received`: bytes that come meanwhile, at once."""
        for peer, count in (received or {}).items():
            self._fetch(peer, count)
        until = self.now + seconds
        effects: List[str] = []
        while self.core.due(self.now) <= until:
            self.now = self.core.due(self.now)
            effects += self.tell(Tick(*map(dict, (self.received, self.unacked, self.fetched, self.delivered))))
        self.now = until
        return effects

    def meet(self, peer: int, pieces: Sequence[int] = (), fleet: bool = False) -> List[str]:
        """A connection, a bitfield and an unchoke from a neighbour, so that it can be asked."""
        effects = self.connect(peer, fleet) + self.got(peer, "bitfield", set_of(*pieces))
        return effects + self.got(peer, "unchoke")


def fleet(**words: object) -> History:
    """A history of a fleet peer."""
    return History(profile=FLEET, **words)  # type: ignore[arg-type]


def show(effect: Effect) -> str:
    """An effect as a short line."""
    if isinstance(effect, Send):
        return f"{effect.peer}: {_show_message(effect.message)}"
    if isinstance(effect, SendPiece):
        return f"{effect.peer}: {_show_part('piece', effect.piece, effect.blocks)}"
    if isinstance(effect, Log):
        return "log " + _show_entry(effect.entry)
    if isinstance(effect, Drop):
        return f"drop {effect.peer}: {effect.reason}"
    if isinstance(effect, Tell):
        return f"tell {effect.text}"
    if isinstance(effect, Leave):
        return f"leave {effect.code}: {effect.reason}"
    if isinstance(effect, (Dial, StopDialling)):
        return f"{'dial' if isinstance(effect, Dial) else 'stop dialling'} {effect.peer}"
    assert isinstance(effect, Finish)
    return "finish"


def _show_message(message: Message) -> str:
    name = messages.NAMES[message.type]
    if message.type in (messages.BITFIELD, messages.ROLL):
        return f"{name} {','.join(map(str, bits.indices(message.value)))}".rstrip()
    if message.type in (messages.HAVE, messages.REQUEST, messages.CANCEL):
        return f"{name} {message.value}"
    if message.type == messages.REQUEST_PART:
        return _show_part("request", message.value, message.blocks)
    return name


def _show_part(name: str, piece: int, blocks: int) -> str:
    """Of a part, its blocks too: "request 3 (0,2)"."""
    return f"{name} {piece}" + (f" ({','.join(map(str, bits.indices(blocks)))})" if blocks else "")


def _show_entry(entry: Entry) -> str:
    if entry.kind == "piece":
        return f"piece {entry.piece} of {entry.other} ({entry.owned})"
    if entry.kind == "preferred":
        return f"preferred {entry.others}"
    return " ".join(str(part) for part in (entry.kind, entry.piece, entry.other) if part is not None)


def without_logs(effects: Sequence[str]) -> List[str]:
    """What is done, leaving out what is logged."""
    return [effect for effect in effects if not effect.startswith("log ")]


def requests(effects: Sequence[str]) -> List[str]:
    """The requests alone."""
    return [effect for effect in effects if ": request " in effect]

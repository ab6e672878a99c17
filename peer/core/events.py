"""Facts that the owner reports to the swarm (events) and actions that the swarm orders (effects), as plain data.

`peer` is always the neighbour's ID. The effects in one answer are carried out in their order: a piece is stored
before it is announced, and an event is logged before its consequences.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, Union

from peer.core.eventlog import Entry
from peer.core.messages import Message
from peer.core.tuples import NamedTuple

# ---- events: facts that the edge reports


class Connected(NamedTuple):
    """Both handshakes are complete. `dialled`: we made the connection; `fleet`: both speak the fleet's extras."""

    peer: int
    dialled: bool
    fleet: bool


class Disconnected(NamedTuple):
    """The connection has ended, on either side. `fault`: the neighbour's mistake, for the operator; or ""."""

    peer: int
    reason: str
    fault: str = ""


class DialFailed(NamedTuple):
    """A neighbour couldn't be reached; the edge goes on trying. `fault`: as in `Disconnected`."""

    peer: int
    reason: str
    fault: str = ""


class Tolerated(NamedTuple):
    """The decoder met a habit of a classic neighbour (see `habits`)."""

    peer: int
    habit: str


class Received(NamedTuple):
    """A message came, any but a piece."""

    peer: int
    message: Message


class PieceStored(NamedTuple):
    """A piece came, had the right hash (where the swarm has hashes), and lies at its place."""

    peer: int
    piece: int


class PieceBad(NamedTuple):
    """A complete piece came from this neighbour and its hash was wrong; nothing of it was kept."""

    peer: int
    piece: int


class PieceSurplus(NamedTuple):
    """A complete piece came that is stored already, or that another neighbour is delivering; nothing of it was kept."""

    peer: int
    piece: int


class PartStored(NamedTuple):
    """Blocks of a piece came, and it isn't complete yet. `wanted`: the set of those that have to be asked for."""

    peer: int
    piece: int
    wanted: int


class PieceSent(NamedTuple):
    """The last byte of a piece, or of a part of one, was handed to the kernel."""

    peer: int
    piece: int


class Found(NamedTuple):
    """The disk was looked at: it may hold the right bytes of these `pieces` (a set), which will be checked.

    `stored`: those of them that were stored by an earlier start, which wasn't the end of it.
    """

    pieces: int
    stored: int = 0


class Checked(NamedTuple):
    """Some of the pieces found on the disk were checked: sets of the `right` and the `wrong` ones.

    `parts`: wrong ones of which some blocks are right: the set of the blocks to ask for, none if they will be copied.
    """

    right: int
    wrong: int
    parts: Mapping[int, int] = MappingProxyType({})


class Settled(NamedTuple):
    """All that was found is checked. `complete`: it is the complete payload, under its final name."""

    complete: bool


class Finished(NamedTuple):
    """The payload is synced and has its final name."""


class Tick(NamedTuple):
    """Time has passed. `received`: bytes that each connection has brought so far, by neighbour.

    `unacked`: bytes that a neighbour's machine hasn't acknowledged yet; none for those that aren't named. `fetched`: of
    those received, the bytes of pieces; `delivered`: those of pieces that we sent, and its machine acknowledged.
    """

    received: Mapping[int, int]
    unacked: Mapping[int, int] = MappingProxyType({})
    fetched: Mapping[int, int] = MappingProxyType({})
    delivered: Mapping[int, int] = MappingProxyType({})


Event = Union[
    Connected,
    Disconnected,
    DialFailed,
    Received,
    Tolerated,
    PieceStored,
    PieceBad,
    PieceSurplus,
    PartStored,
    PieceSent,
    Found,
    Checked,
    Settled,
    Finished,
    Tick,
]

# ---- effects: what the edge has to do, in this order


class Dial(NamedTuple):
    """Connect to a neighbour, and go on trying until it is reached or `StopDialling` comes.

    `hung_up`: it ended the last connection right after the handshakes, without a message: spell ours otherwise.
    `beat`: seconds to wait when it answers, before our handshake: it is to dial us first, if it can.
    """

    peer: int
    hung_up: bool = False
    beat: float = 0.0


class StopDialling(NamedTuple):
    """Stop: this neighbour has connected to us."""

    peer: int


class Send(NamedTuple):
    """Send a message."""

    peer: int
    message: Message


class SendPiece(NamedTuple):
    """Send a piece's message straight from the file, then report PieceSent. `blocks`: the part to send, 0 for all."""

    peer: int
    piece: int
    blocks: int = 0


class Drop(NamedTuple):
    """Close the connection of a neighbour that misbehaved, and tell the operator."""

    peer: int
    reason: str


class Log(NamedTuple):
    """Write a line to the event log."""

    entry: Entry


class Tell(NamedTuple):
    """Write a line for the operator to stderr."""

    text: str


class Finish(NamedTuple):
    """All pieces are here: sync the payload, give it its final name, then report Finished."""


class Leave(NamedTuple):
    """The peer's work is over. `code`: see `errors`; `reason`: "" where all went well."""

    code: int
    reason: str


Effect = Union[Dial, StopDialling, Send, SendPiece, Drop, Log, Tell, Finish, Leave]

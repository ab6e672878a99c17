"""The messages after the handshake: their bytes, and the decoder that checks them before anything else sees them."""

from __future__ import annotations

import struct
from typing import Iterator, List, Set, Tuple, Union

from peer.core import bits, habits, partmessages
from peer.core.errors import ProtocolError
from peer.core.manifest import Manifest
from peer.core.partmessages import PartStart
from peer.core.tuples import NamedTuple

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE = range(8)
# Between fleet peers only (their handshakes agreed on it):
CANCEL = 8  # 4-byte index: the sender got the piece from another peer, or asked another; don't send it any more
COMPLETE = 9  # no payload: the sender has every piece
REQUEST_PART, PART = partmessages.REQUEST_PART, partmessages.PART
ROLL = 12  # a set: see peer.core.roll
MOST_ROLL = 16 * 1024  # bytes of it, at two bits a peer

NAMES = (
    "choke", "unchoke", "interested", "not interested", "have", "bitfield", "request", "piece", "cancel", "complete",
    "request part", "part", "roll",
)  # fmt: skip
_EMPTY = (CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, COMPLETE)
_INDEXED = (HAVE, REQUEST, CANCEL)
_PREFIX = struct.Struct(">IB")
_INDEXED_MESSAGE = struct.Struct(">IBI")
PIECE_HEADER_BYTES = _INDEXED_MESSAGE.size


class Message(NamedTuple):
    """One message. `value`: the piece of a have, request or cancel; the set of a bitfield or a roll; else 0.

    `blocks`: the set of blocks that a request part asks for.
    """

    type: int
    value: int = 0
    blocks: int = 0


class PieceStart(NamedTuple):
    """The head of a piece message; `length` bytes of `PieceBody` follow."""

    piece: int
    length: int


class PieceBody(NamedTuple):
    """Some of a piece's bytes, in their order; valid only until the decoder is fed again."""

    data: memoryview


class Habit(NamedTuple):
    """The neighbour has this habit (see `habits`); reported once a connection."""

    name: str


Item = Union[Message, PieceStart, PartStart, PieceBody, Habit]


def encode(message: Message, total: int) -> bytes:
    """The bytes of any message but those that carry bytes; `total`: pieces of the payload (a bitfield needs it)."""
    if message.type in _EMPTY:
        return _PREFIX.pack(1, message.type)
    if message.type in _INDEXED:
        return _INDEXED_MESSAGE.pack(5, message.type, message.value)
    if message.type == REQUEST_PART:
        return partmessages.request(message.value, message.blocks)
    if message.type == ROLL:
        field = message.value.to_bytes((message.value.bit_length() + 7) // 8, "big")
    else:
        field = bits.to_wire(message.value, total)
    return _PREFIX.pack(1 + len(field), message.type) + field


def piece_header(index: int, length: int) -> bytes:
    """The header before the `length` bytes of a piece."""
    return _INDEXED_MESSAGE.pack(5 + length, PIECE, index)


class Decoder:
    """Bytes in, messages out, for one neighbour. It holds at most one small message, never a piece.

    Every length and index is checked before it is used; whatever is wrong is one ProtocolError with the reason.
    """

    def __init__(self, manifest: Manifest, fleet: bool = False) -> None:
        self._total = manifest.piece_count
        self._piece_size = manifest.piece_size
        self._length_of = manifest.piece_length
        self._layout = manifest.layout
        self._most_set = bits.wire_length(min(self._layout.block_count, self._piece_size)) if fleet else 0
        # If all pieces are full, some peers count one more, empty piece, and announce it.
        self._phantom = manifest.size == self._total * manifest.piece_size
        self._fleet = fleet
        self._bounds = [self._bounds_of(kind) for kind in range(len(NAMES) if fleet else 8)]
        self._tolerated: Set[str] = set()
        self._held = bytearray()
        self.body_left = 0  # bytes of the current piece that are still to come

    def feed(self, data: memoryview) -> Iterator[Item]:
        """The messages that `data` completes. Exhaust the iterator before you feed more. Raises ProtocolError."""
        while data:
            if self.body_left:
                body = data[: self.body_left]
                self.body_left -= len(body)
                data = data[len(body) :]
                yield PieceBody(body)
            elif self._held:
                data = self._complete_held(data)
                if not self._missing(self._held):
                    held, self._held = bytes(self._held), bytearray()
                    yield from self._decode(memoryview(held))
            else:
                length = self._needed(data)
                if length > len(data):
                    self._held += data
                    return
                head, data = data[:length], data[length:]
                yield from self._decode(head)

    def _complete_held(self, data: memoryview) -> memoryview:
        """Move the bytes that the held message lacks from `data` to it; its first nine bytes tell its length."""
        while data:
            missing = self._missing(self._held)
            if not missing:
                break
            self._held += data[:missing]
            data = data[missing:]
        return data

    def _missing(self, data: Union[bytearray, memoryview]) -> int:
        """Bytes that `data` lacks to hold a message's head."""
        return max(0, self._needed(data) - len(data))

    def _needed(self, data: Union[bytearray, memoryview]) -> int:
        """Bytes of a message's head: all of a message, or the first nine bytes of a piece; of fewer than 5, 5."""
        return self._head_length(data) if len(data) >= 5 else 5

    def _head_length(self, data: Union[bytearray, memoryview]) -> int:
        length, kind = _PREFIX.unpack_from(data)
        if kind >= len(self._bounds):
            rule = f"a 4-byte length, then a type from 0 to {len(self._bounds) - 1}"
            raise ProtocolError(f"message type {kind} doesn't exist", bytes(data[:PIECE_HEADER_BYTES]), rule)
        least, most = self._bounds[kind]
        if not least <= length <= most:
            rule = f"its length, type included, is {least}" + (f" to {most}" if most > least else "")
            raise ProtocolError(f"a {NAMES[kind]} message of {length} bytes", bytes(data[:PIECE_HEADER_BYTES]), rule)
        if kind == PART:
            return partmessages.head_length(data, self._most_set)
        return PIECE_HEADER_BYTES if kind == PIECE else 4 + int(length)

    def _bounds_of(self, kind: int) -> Tuple[int, int]:
        """Least and most bytes of a message of this kind, its type included."""
        if kind in _EMPTY:
            return 1, 1
        if kind in _INDEXED:
            return 5, 5
        if kind == ROLL:
            return 1, 1 + MOST_ROLL
        if kind == PIECE:
            return 5, 5 + self._piece_size
        if kind == REQUEST_PART:
            return 6, 5 + self._most_set
        if kind == PART:
            return 11, 9 + self._most_set + self._piece_size
        least = bits.wire_length(self._total) if self._fleet else 0  # some leave out zeros at the end, or all of them
        return 1 + least, 1 + bits.wire_length(self._total + self._phantom)

    def _decode(self, head: memoryview) -> List[Item]:
        kind = head[4]
        if kind in _EMPTY:
            return [Message(kind)]
        if kind == ROLL:
            return [Message(kind, int.from_bytes(head[5:], "big"))]
        if kind == BITFIELD:
            return self._bitfield(bytes(head[5:]))
        if kind == REQUEST_PART:
            return [Message(kind, *partmessages.read_request(head, self._layout))]
        if kind == PART:
            part = partmessages.read_part(head, self._layout)
            self.body_left = part.length
            return [part]
        length, _, index = _INDEXED_MESSAGE.unpack(head)
        return self._indexed(kind, index, length - 5, head)

    def _bitfield(self, field: bytes) -> List[Item]:
        if self._fleet:
            return [Message(BITFIELD, bits.from_wire(field, self._total))]
        short = len(field) < bits.wire_length(self._total)
        items = self._tolerate(habits.SHORT_BITFIELD) if short else []
        if not bits.is_low_first(field, self._total, self._total + self._phantom):
            return [*items, Message(BITFIELD, bits.from_wire(field, self._total))]
        items += self._tolerate(habits.LOW_BIT_FIRST)
        return [*items, Message(BITFIELD, bits.from_wire_low_first(field, self._total))]

    def _tolerate(self, habit: str) -> List[Item]:
        """A line for the operator, once a connection: a neighbour that repeats its habit causes no more events."""
        if habit in self._tolerated:
            return []
        self._tolerated.add(habit)
        return [Habit(habit)]

    def _indexed(self, kind: int, index: int, length: int, head: memoryview) -> List[Item]:
        if index == self._total and self._phantom and length == 0:
            return [Message(kind, index)] if kind == REQUEST else []
        if index >= self._total and kind == REQUEST and not self._fleet:
            return self._tolerate(habits.AFTER_END)
        if index >= self._total:
            reason = f"a {NAMES[kind]} message for piece {index} of {self._total}"
            raise ProtocolError(reason, bytes(head), f"the last piece is {self._total - 1}")
        if kind != PIECE:
            return [Message(kind, index)]
        wanted = self._length_of(index)
        if length != wanted:
            reason = f"piece {index} with {length} bytes instead of {wanted}"
            raise ProtocolError(reason, bytes(head), "a piece message carries the complete piece")
        self.body_left = length
        return [PieceStart(index, length)]

"""The two messages by which fleet peers exchange parts of a piece, as bytes: a set of its blocks, asked for or sent.

    request part    4-byte length, type 10, 4-byte piece, the set
    part            4-byte length, type 11, 4-byte piece, 4-byte length of the set, the set, the bytes of its blocks

A set is written as a bitfield is, the high bit of its first byte is the piece's first block, without zeros at its end.
"""

from __future__ import annotations

import struct
from typing import Tuple, Union

from peer.core import bits
from peer.core.errors import ProtocolError
from peer.core.layout import Layout
from peer.core.tuples import NamedTuple

REQUEST_PART, PART = 10, 11
_REQUEST = struct.Struct(">IBI")
_PART = struct.Struct(">IBII")
LEAST_HEAD = _PART.size  # bytes of a part message before its set
SET_RULE = "a set of the piece's blocks, not empty"


class PartStart(NamedTuple):
    """The head of a part message; `length` bytes of `PieceBody` follow, those of the `blocks` in their order."""

    piece: int
    blocks: int
    length: int


def request(piece: int, blocks: int) -> bytes:
    """The message that asks for these blocks of a piece."""
    field = bits.to_wire(blocks, blocks.bit_length())
    return _REQUEST.pack(5 + len(field), REQUEST_PART, piece) + field


def part_header(piece: int, blocks: int, length: int) -> bytes:
    """The header before the `length` bytes of these blocks."""
    field = bits.to_wire(blocks, blocks.bit_length())
    return _PART.pack(9 + len(field) + length, PART, piece, len(field)) + field


def head_length(data: Union[bytes, bytearray, memoryview], most: int) -> int:
    """Bytes of a part message's head, as far as its first bytes tell. `most`: bytes of a set. Raises ProtocolError."""
    if len(data) < _PART.size:
        return _PART.size
    length, _, _, count = _PART.unpack_from(data)
    if not 1 <= count <= most or 9 + count >= length:
        raise ProtocolError(f"a part message with a set of {count} bytes", bytes(data[: _PART.size]), SET_RULE)
    return _PART.size + int(count)


def read_request(head: memoryview, layout: Layout) -> Tuple[int, int]:
    """The piece, which must exist, and the set. Raises ProtocolError."""
    _, _, piece = _REQUEST.unpack_from(head)
    return piece, _set_of(head[_REQUEST.size :], piece, layout, head)


def read_part(head: memoryview, layout: Layout) -> PartStart:
    """What a part message carries. Raises ProtocolError."""
    length, _, piece, count = _PART.unpack_from(head)
    blocks = _set_of(head[_PART.size :], piece, layout, head)
    body = length - 9 - count
    wanted = sum(stretch.length for stretch in layout.stretches(piece, blocks))
    if body != wanted:
        reason = f"a part of piece {piece} with {body} bytes instead of {wanted}"
        raise ProtocolError(reason, bytes(head), "a part message carries complete blocks")
    return PartStart(piece, blocks, body)


def _set_of(field: memoryview, piece: int, layout: Layout, head: memoryview) -> int:
    total = layout.piece_count
    if piece >= total:
        raise ProtocolError(f"a part of piece {piece} of {total}", bytes(head), f"the last piece is {total - 1}")
    run = layout.blocks_of_piece(piece)
    blocks = bits.from_wire(bytes(field), 8 * len(field))
    if not blocks or blocks >> (run.end - run.begin):
        reason = f"a part of piece {piece} that isn't some of its {run.end - run.begin} blocks"
        raise ProtocolError(reason, bytes(head), SET_RULE)
    return blocks

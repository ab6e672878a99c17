"""The handshake's 32 bytes, and the tag in its ten zero bytes by which fleet peers recognize one another."""

from __future__ import annotations

import struct
from typing import Collection

from peer.core.errors import ProtocolError
from peer.core.tuples import NamedTuple

HEADER = b"P2PFILESHARINGPROJ"
LENGTH = 32
_RULE = "18 bytes P2PFILESHARINGPROJ, 10 zero bytes, the peer ID in 4 bytes"
_ZEROS = bytes(10)
_MAGIC = b"WEFT\x02"  # four letters and the version of the fleet's extras


class Style(NamedTuple):
    """How a handshake is spelled. `padding`: the ten bytes; `ascii_id`: the ID as four digits, as some peers do."""

    padding: bytes = _ZEROS
    ascii_id: bool = False


class Handshake(NamedTuple):
    """The contents of a neighbour's handshake."""

    peer_id: int
    style: Style


CLASSIC_STYLE = Style()
ASCII_STYLE = Style(b"0" * 10, ascii_id=True)


def fleet_style(payload_digest: bytes) -> Style:
    """The tag of a fleet peer: magic, version, and the first bytes of the payload's digest.

    A single bit would prove nothing, because foreign peers fill these bytes with all kinds of things; and two
    fleet swarms that meet by mistake (an old run's peer, a wrong port) don't mix.
    """
    return Style((_MAGIC + payload_digest)[:10])


def is_fleet(style: Style) -> bool:
    """Whether the sender speaks the fleet's extras, of whatever swarm."""
    return style.padding.startswith(_MAGIC)


def encode(peer_id: int, style: Style = CLASSIC_STYLE) -> bytes:
    """The 32 bytes. An ID of more than four digits has no ASCII form and goes as a number."""
    digits = str(peer_id).encode()
    spelled = digits if style.ascii_id and len(digits) == 4 else struct.pack(">I", peer_id)
    return HEADER + style.padding + spelled


def decode(data: bytes, known: Collection[int]) -> Handshake:
    """Read 32 bytes from a neighbour, whose ID must be one of `known`. Raises ProtocolError."""
    if data[: len(HEADER)] != HEADER:
        raise ProtocolError("its handshake doesn't begin with P2PFILESHARINGPROJ", data, _RULE)
    if len(data) < LENGTH:
        raise ProtocolError(f"its handshake has {len(data)} bytes instead of {LENGTH}", data, _RULE)
    padding, spelled = data[18:28], data[28:LENGTH]
    number: int = struct.unpack(">I", spelled)[0]
    if number in known:
        return Handshake(number, Style(padding))
    if spelled.isdigit() and int(spelled) in known:
        return Handshake(int(spelled), Style(padding, ascii_id=True))
    raise ProtocolError(f"its handshake names peer {number}, which isn't one we expect here", data, _RULE)


def answer_style(mine: Style, theirs: Style) -> Style:
    """How to answer a dialling neighbour: a peer of our kind gets our tag, any other its own spelling back.

    Some classic peers refuse what isn't exactly zeros, so whatever is no tag of ours is mirrored only where it is
    known to be in use: ten ASCII zeros.
    """
    if is_fleet(theirs):
        return mine
    padding = theirs.padding if theirs.padding == b"0" * 10 else _ZEROS
    return Style(padding, theirs.ascii_id)

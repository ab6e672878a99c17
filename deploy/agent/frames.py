"""The frames with which an agent and its operator carry many connections over one line; written and read here.

A frame has a kind, the number of its stream, and up to MOST bytes. The agent's own streams have even numbers, those
that the operator opens have odd ones. Who sends bytes of a connection has a credit of WINDOW and gets more as they are
taken up at the far end, so that no connection has to wait for another's.
"""

from __future__ import annotations

import struct
from typing import Iterator

from peer.core.tuples import NamedTuple

OPEN, TAKEN, DATA, CREDIT, END, GONE, BEAT = range(1, 8)
# OPEN: connect with the peer whose ID the bytes are; TAKEN: that was done; DATA: bytes of it; CREDIT: so many more may
# be sent; END: no more come from this side; GONE: the connection is over, or can't be had, and the bytes tell why;
# BEAT: I am there.
MOST = 16 * 1024
WINDOW = 256 * 1024
_HEAD = struct.Struct(">BIH")


class Frame(NamedTuple):
    """One frame."""

    kind: int
    stream: int
    data: bytes = b""

    def write(self) -> bytes:
        """Its bytes on the line."""
        return _HEAD.pack(self.kind, self.stream, len(self.data)) + self.data


class Frames:
    """Cuts what comes over a line into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Raises ValueError for what is none."""
        self._rest += data
        while len(self._rest) >= _HEAD.size:
            kind, stream, length = _HEAD.unpack_from(self._rest)
            if not OPEN <= kind <= BEAT or length > MOST:
                raise ValueError(f"not a frame: {bytes(self._rest[:20])!r}")
            if len(self._rest) < _HEAD.size + length:
                return
            yield Frame(kind, stream, bytes(self._rest[_HEAD.size : _HEAD.size + length]))
            del self._rest[: _HEAD.size + length]


def credit(stream: int, count: int) -> Frame:
    """So many bytes of that stream were taken up."""
    return Frame(CREDIT, stream, b"%d" % count)


def gone(stream: int, reason: str) -> Frame:
    """A stream is over."""
    return Frame(GONE, stream, reason.encode()[:MOST])

"""What all peers of a host together may send and receive each second: the arithmetic, and the file that they share.

A budget is a moment on the steady clock: until then, all that was granted so far takes its time at the rate of the cap.
Who wants to send moves that moment on by what it sends, and waits until the moment that it found. So any number of
threads and processes share one rate exactly, each in its turn, and nobody has to hand anything out.
"""

from __future__ import annotations

import struct

from peer.core.tuples import NamedTuple

UP, DOWN = 0, 1
MBIT = 125_000.0  # bytes a second
LEAST_MBIT = 1.0  # below that, a piece takes so long that neighbours take one another for lost
HEADERS = 1.01  # what goes over a link for a byte: between 1.00 where packets are joined, and 1.045 in full frames
CATCH_UP = 0.080  # seconds that a late thread may make up for
PAUSE = 1.0  # seconds: who is later had nothing to send, and makes up for nothing
PORTION_SECONDS = 0.010  # what one thread sends in its turn ...
LEAST_PORTION, MOST_PORTION = 4 * 1024, 256 * 1024  # ... in bytes
WINDOW_SECONDS = 0.100  # what the receive buffers of all connections may hold together ...
LEAST_WINDOW, MOST_WINDOW = 6 * 1024, 4 * 1024 * 1024  # ... and bytes of each: at least two packets
READ_PART = 4  # of what a receive buffer may hold is read in a turn, and waited for: the kernel counts twice the bytes
LEAST_READ = 1448  # bytes: a packet's
MOST_AHEAD = 60.0  # seconds: a moment that is further away was noted before the machine was started

_FLOW = struct.Struct("=dd")
_MAGIC = b"weft cap"
LENGTH = len(_MAGIC) + 2 * _FLOW.size  # of the file, in bytes


class Flow(NamedTuple):
    """One direction. `rate`: bytes a second, 0 without a cap; `free`: the moment up to which it is granted."""

    rate: float = 0.0
    free: float = 0.0

    def granted(self, count: int, now: float) -> Flow:
        """The same after `count` bytes more."""
        late = now - self.free
        begin = max(self.free, now - CATCH_UP) if -MOST_AHEAD < late < PAUSE else now
        return Flow(self.rate, begin + count * HEADERS / self.rate)


def portion(rate: float) -> int:
    """Bytes that one thread may take in its turn: few, so that all connections go on and a new cap holds soon."""
    return int(min(MOST_PORTION, max(LEAST_PORTION, rate * PORTION_SECONDS)))


def mouthful(window: int) -> int:
    """Bytes that a thread may read in its turn, of a buffer that holds `window`.

    As many come in at once when it has read them, and each connection waits with as many that count already: together
    that is beyond the cap, once.
    """
    return min(MOST_PORTION, max(LEAST_READ, window // READ_PART))


def window(rate: float, connections: int) -> int:
    """Bytes that the receive buffer of one connection may hold; what it holds has come without being counted yet."""
    return int(min(MOST_WINDOW, max(LEAST_WINDOW, rate * WINDOW_SECONDS / max(1, connections))))


def enough(count: int, buffered: int) -> int:
    """For how many of `count` bytes a reader may wait where a buffer holds `buffered`; 0: there is no cap.

    More than fit never come, and the reader would lose the time that it waits for them.
    """
    return min(count, max(1, buffered // READ_PART)) if buffered else count


def format_file(up: Flow, down: Flow) -> bytes:
    """The file's bytes."""
    return _MAGIC + _FLOW.pack(*up) + _FLOW.pack(*down)


def is_file(data: bytes) -> bool:
    """Whether these are the bytes of such a file."""
    return len(data) == LENGTH and data.startswith(_MAGIC)


def place(direction: int) -> int:
    """Where a direction is noted in the file."""
    return len(_MAGIC) + direction * _FLOW.size


def read_flow(data: "bytes | memoryview", direction: int) -> Flow:
    """One direction of a file's bytes."""
    return Flow(*_FLOW.unpack_from(data, place(direction)))


def rate_view(data: memoryview, direction: int) -> "memoryview[float]":
    """Its rate alone, which every read of a connection asks for: the first number of this view."""
    at = place(direction)
    return data[at : at + 8].cast("d")


def write_flow(data: memoryview, direction: int, flow: Flow) -> None:
    """Note it in the file's bytes."""
    _FLOW.pack_into(data, place(direction), *flow)

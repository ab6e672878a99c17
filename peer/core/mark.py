"""How far long work is: what is done of all, as the one who does it tells the one who waits."""

from __future__ import annotations

from typing import Optional

from peer.core.sizes import format_size
from peer.core.tuples import NamedTuple

BYTES, FILES = "bytes", "files"


class Mark(NamedTuple):
    """`done` of `size` (0: unknown), in `unit`. It is told only while the work goes forward."""

    doing: str  # "hashing model.bin"
    done: int
    size: int
    unit: str

    def __str__(self) -> str:
        """`hashing model.bin: 1.2 GiB of 8 GiB`."""
        return f"{self.doing}: {format_done(self.done, self.size, self.unit)}"


def format_done(done: int, size: int, unit: str) -> str:
    """`1.2 GiB of 8 GiB`, `120 of 12,345 files`, or without the end if the size is 0."""
    if unit == BYTES:
        return f"{format_size(done)} of {format_size(size)}" if size else format_size(done)
    return f"{done:,} of {size:,} {unit}" if size else f"{done:,} {unit}"


def stalled(mark: Optional[Mark], seconds: float) -> str:
    """The problem of work that hasn't gone forward for so long. `mark`: how far it came, if it has told that."""
    return f"no progress for {seconds:.0f} s" + (f" at {mark}" if mark else "")


class Sign(NamedTuple):
    """How many bytes are done, and of how many in all: 0 where that isn't told."""

    done: int
    size: int = 0


def format_sign(sign: Sign) -> str:
    """A line by which a command of the peer tells how far it is."""
    return "/".join(map(str, sign if sign.size else sign[:1]))


def parse_sign(line: str) -> Optional[Sign]:
    """What such a line tells; None for any other line."""
    numbers = line.split("/", 2)
    if len(numbers) > 2 or not all(one.isascii() and one.isdecimal() and len(one) <= 20 for one in numbers):
        return None
    return Sign(*map(int, numbers))

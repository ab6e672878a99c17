"""The work in progress on hosts, in one line: what, where, for how long, and how much is done."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from deploy.core.inventory import fold
from peer.core.sizes import format_rate, format_size

_MOST_WIDTH = 40  # columns for the hosts' names; if they need more, their number is shown


class Work(NamedTuple):
    """Work on hosts. `waiting`: those that aren't done yet, of `hosts` in all. `seconds` since it began.

    `done` and `size`: bytes so far and in all; 0 and 0 if they aren't counted.
    """

    what: str  # "pushing code and configuration"
    waiting: Collection[str]
    hosts: int
    seconds: float
    done: int = 0
    size: int = 0


def format_work(work: Work) -> str:
    """`uploading build.tar on node01: 120 MiB of 600 MiB (20%), 60 MiB/s, 8 s left`."""
    names = fold(work.waiting)
    where = names if len(names) <= _MOST_WIDTH else f"{len(work.waiting)} of {work.hosts} hosts"
    line = f"{work.what} on {where}" if where else work.what
    if not work.size:
        return f"{line}: {work.seconds:.0f} s"
    rate = work.done / max(work.seconds, 1e-3)
    done = f"{format_size(work.done)} of {format_size(work.size)} ({100 * work.done // work.size}%)"
    return f"{line}: {done}, {format_rate(rate)}{seconds_left(work.size - work.done, rate)}"


def seconds_left(size: float, rate: float) -> str:
    """`, 8 s left` for that number of bytes at that rate; "" if it is unknown."""
    if rate <= 0 or size <= 0:
        return ""
    seconds = size / rate
    if seconds < 100:
        return f", {seconds:.0f} s left"
    minutes, hours = seconds / 60, seconds / 3600
    return f", {minutes:.0f} min left" if minutes < 100 else f", {hours:.0f} h left" if hours < 1000 else ""

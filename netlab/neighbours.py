"""Keeps the kernel's table of neighbours (ARP) large enough: all namespaces of a machine share one, of 1,024 entries.

Once it is full, packets to whoever isn't in it are dropped, and connections break. A lab of 120 hosts, each of which
talks to a dozen others, fills it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

A_HOST = 64  # others that it talks to within some minutes
_LIMITS = Path("/proc/sys/net/ipv4/neigh/default")
_HARD, _SOFT = _LIMITS / "gc_thresh3", _LIMITS / "gc_thresh2"  # above the soft one, entries go after 5 s


def make_room(hosts: int) -> int:
    """Let the table hold the neighbours of so many hosts. Its former limit, or 0 where that stays."""
    wanted = hosts * A_HOST
    try:
        before = int(_HARD.read_text())
        if before >= wanted:
            return 0
        set_limit(wanted)
    except OSError:  # in a container the table belongs to its machine
        return 0
    return before


def set_limit(most: int) -> None:
    """Let it hold so many. Raises OSError."""
    _HARD.write_text(str(most))
    _SOFT.write_text(str(most // 2))


def give_back(before: int) -> None:
    """Undo `make_room`, which said `before`."""
    if before:
        with contextlib.suppress(OSError):
            set_limit(before)

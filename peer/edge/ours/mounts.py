"""Tells whether something has a disk, a folder or a file mounted on it: then it can neither be renamed nor removed."""

from __future__ import annotations

import contextlib
import os
import re
from typing import FrozenSet

_TABLE = "/proc/self/mountinfo"  # of Linux: there a single file may be mounted, too, which `ismount` doesn't see
_ESCAPED = rb"\\([0-7]{3})"  # not compiled at each start


def is_mount(path: str) -> bool:
    """Whether something is mounted exactly there; `path` has no link above it."""
    return os.path.ismount(path) or path in mount_points()


def mount_points() -> FrozenSet[str]:
    """Where things are mounted; none on a system without a table of that."""
    with contextlib.suppress(OSError), open(_TABLE, "rb") as table:
        return frozenset(os.fsdecode(_place(line)) for line in table)
    return frozenset()


def _place(line: bytes) -> bytes:
    """The mount point in a line of the table, where blanks and the like are written in octal."""
    fields = line.split(b" ", 5)
    return re.sub(_ESCAPED, lambda found: bytes([int(found[1], 8)]), fields[4]) if len(fields) > 4 else b""

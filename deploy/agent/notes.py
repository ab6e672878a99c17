"""Notes that save time the next time, and the stamp by which one tells whether a payload is still what it was."""

from __future__ import annotations

import contextlib
import json
import os
import stat as modes
from typing import Any, List

from peer.edge.ours import making, trees
from peer.edge.ours.recordfile import ForeignError, RecordFile

Stamp = List[List[Any]]


def stamp(path: str) -> Stamp:
    """A text that changes whenever the payload does: each file's name, size, mode, times and inode.

    The time of the last change of any kind tells of new bytes whose size and time of modification are the old ones.
    """
    rows = [_row("", os.stat(path))]
    if os.path.isdir(path):
        top = os.path.realpath(path)
        rows += [_row(name, os.lstat(os.path.join(top, name))) for name in trees.everything(top)]
    return sorted(rows)


def _row(name: str, facts: os.stat_result) -> List[Any]:
    return [name, facts.st_size, facts.st_mode, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]


def bytes_of(files: Stamp) -> int:
    """Bytes of all files."""
    return sum(size for _, size, mode, *_ in files if modes.S_ISREG(mode))


def has_links(files: Stamp) -> bool:
    """Whether there are symbolic links in it."""
    return any(modes.S_ISLNK(mode) for _, _, mode, *_ in files)


def load_note(path: str) -> Any:
    """The fields that `save_note` wrote; None where there are none."""
    try:
        with open(path, "rb") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def save_note(record: RecordFile, path: str, fields: Any) -> None:
    """Note something for the next time."""
    with contextlib.suppress(ForeignError):  # it only saves time, and isn't worth moving somebody's file out of the way
        making.make_file(record, path, json.dumps(fields).encode())

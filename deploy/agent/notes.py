"""Notes that save time the next time, and the stamp by which one tells whether a payload is still what it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat as modes
from typing import Any, Iterator, Tuple

from peer.core.tuples import NamedTuple
from peer.edge.ours import making, trees
from peer.edge.ours.recordfile import ForeignError, RecordFile


class Stamp(NamedTuple):
    """What tells one state of a payload from another. `entries`: with its top; `size`: in bytes."""

    digest: str
    entries: int
    size: int
    has_links: bool


def stamp(path: str) -> Stamp:
    """It changes whenever the payload does: each file's name, size, mode, times and inode are in it.

    The time of the last change of any kind tells of new bytes whose size and time of modification are the old ones.
    """
    sha, entries, size, has_links = hashlib.sha256(), 0, 0, False
    for name, facts in _facts(path):
        row = (name, facts.st_size, facts.st_mode, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        sha.update(ascii(row).encode())
        entries += 1
        size += facts.st_size if modes.S_ISREG(facts.st_mode) else 0
        has_links = has_links or modes.S_ISLNK(facts.st_mode)
    return Stamp(sha.hexdigest(), entries, size, has_links)


def _facts(path: str) -> Iterator[Tuple[str, os.stat_result]]:
    """The top, and all that is in it, sorted by path."""
    yield "", os.stat(path)
    if os.path.isdir(path):
        top = os.path.realpath(path)
        for name in sorted(name for name, _ in trees.everything(top)):
            yield name, os.lstat(os.path.join(top, name))


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

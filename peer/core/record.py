"""The record of the files and folders that Weft made: its lines, and whether a thing on disk is one of them.

A record is only ever appended to, one JSON line at a time. Before a thing is made, its temporary name is noted (`work`:
anything with that name may be removed); before it gets its final name, that name and its identity are noted (`made`).
So at no instant is a thing of ours unknown, or a thing of another program counted as ours. A line that a crash cut
short is skipped.
"""

from __future__ import annotations

import json
from typing import Dict, Iterable, Iterator, Optional, Set

from peer.core.madetable import Identity, MadeTable
from peer.core.tuples import NamedTuple

FORMAT = 1
FILE, FOLDER, LINK = "file", "folder", "link"
_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: a tree's record has a line for each file
GROWING = "growing"  # a file that is written to after it was made, such as a log: its size and time prove nothing
STATUS = "status"  # a file that is replaced all the time: its text names its peer


class Head(NamedTuple):
    """The first line: whose record it is, and device and inode of the folder it lies in. `made`: the folder is ours."""

    owner: str
    device: int
    inode: int
    made: bool


class Record(NamedTuple):
    """All lines of a record. `made`: by final name; `work`: temporary names; `notes`: the rest."""

    head: Head
    made: MadeTable
    work: Dict[str, str]  # temporary name -> goal, in the order in which they were noted
    notes: Dict[str, Set[str]]


def head_line(head: Head) -> str:
    """The first line of a record."""
    place = [head.device, head.inode]
    return _line({"weft": "record", "format": FORMAT, "of": head.owner, "folder": place, "made": head.made})


def work_line(path: str, goal: str = "") -> str:
    """From now on anything with this temporary name is ours. `goal`: the final path of the version that it holds."""
    return _line(["work", path, goal])


def made_line(path: str, identity: Identity) -> str:
    """The identity of the thing that is, or is about to be, at `path`."""
    return _line(["made", path, *identity])


def gone_line(path: str) -> str:
    """Nothing of ours is at `path` any more."""
    return _line(["gone", path])


def note_line(key: str, path: str) -> str:
    """Another remark on `path`."""
    return _line(["note", key, path])


def parse(lines: Iterable[bytes]) -> Optional[Record]:
    """A record, parsed from its lines; None if it isn't one, or one of another format."""
    left = iter(lines)
    head = _head(next(left, b""))
    if head is None:
        return None
    record = Record(head, MadeTable(), {}, {})
    for line in left:
        _take(record, line)
    return record


def lines_of(record: Record) -> Iterator[str]:
    """The shortest text with the same contents."""
    yield head_line(record.head)
    yield from (work_line(path, goal) for path, goal in record.work.items())
    yield from (made_line(path, identity) for path, identity in record.made)
    yield from (note_line(key, path) for path, keys in record.notes.items() for key in sorted(keys))


def same(noted: Identity, found: Identity) -> bool:
    """Whether the thing that was found is the one that was noted.

    Device numbers may change when the machine restarts, so for a thing that never changes, size and time count instead.
    """
    kind = FILE if noted.kind in (GROWING, STATUS) else noted.kind
    if found.kind != kind or (noted.inode != found.inode and noted.kind != STATUS):
        return False
    if noted.kind in (FILE, LINK):
        return (noted.size, noted.mtime) == (found.size, found.mtime)
    return noted.kind != GROWING or noted.device == found.device


def _head(line: bytes) -> Optional[Head]:
    try:
        fields = json.loads(line)
        if fields["weft"] != "record" or fields["format"] != FORMAT:
            return None
        device, inode = fields["folder"]
        return Head(str(fields["of"]), int(device), int(inode), fields["made"] is True)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _take(record: Record, line: bytes) -> None:
    try:
        kind, path, *rest = json.loads(line.decode("utf-8", "surrogatepass"))
        if kind == "made":
            what, *numbers = rest
            device, inode, size, mtime = map(int, numbers)
            record.made.add(path, Identity(str(what), device, inode, size, mtime))
        elif kind == "work":
            record.work[path] = str(rest[0])
        elif kind == "gone":
            record.made.remove(path)
            record.work.pop(path, None)
            record.notes.pop(path, None)
        elif kind == "note":
            record.notes.setdefault(rest[0], set()).add(path)
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return  # cut short, or damaged: the thing that it names doesn't count as ours then


def _line(fields: object) -> str:
    return _encode(fields) + "\n"

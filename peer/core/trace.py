"""The trace of one peer, from which a run is drawn: lines of JSON, times in milliseconds; written and read only here.

    {"trace": 1, "peer": 1002, "run": "r", "began": 1760000000.5, "total": 320, "size": 83886080, "every": 1}
    [1250, "piece", 1001, 17, 1180]

`began` is a time of the host's clock, and a line's first number the milliseconds since. A peer that is started again
in the same run adds another head and goes on. What a line means, by its kind: see `Note`.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

from peer.core.tuples import NamedTuple

VERSION = 1
MOST_TEXT = 200  # characters of a reason
_MOST_LINE = 64 * 1024  # characters: a longer line is no note of ours
_MOST_NUMBER = 2**53  # what a program that draws can hold

# The values of each kind: i a number, s a text, l a list of numbers, t a list of triples of numbers.
PIECE, BYTES, LOAD, STATE, PREFERRED, OPTIMISTIC, CHOKE, UNCHOKE, CHOKED, UNCHOKED, MET, PARTED, END, CUT = (
    "piece", "bytes", "load", "state", "preferred", "optimistic", "choke", "unchoke", "choked", "unchoked", "met",
    "parted", "end", "cut",
)  # fmt: skip
_SHAPES = {
    PIECE: "iii",  # from whom, which, when it was asked for (-1: not known)
    BYTES: "it",  # pieces here; for each neighbour where it changed: ID, bytes sent to it and received from it so far
    LOAD: "iii",  # ms so far: it computed, was ready and waited for a CPU, waited for its disk to write
    STATE: "ss",  # what the peer does, and what it waits for
    PREFERRED: "l",  # the preferred neighbours from now on
    OPTIMISTIC: "i",  # the optimistically unchoked neighbour from now on
    CHOKE: "i",  # this peer chokes that one
    UNCHOKE: "i",
    CHOKED: "i",  # that one chokes this peer
    UNCHOKED: "i",
    MET: "i",  # a connection with it begins
    PARTED: "i",  # ... and ends
    END: "is",  # exit code, reason
    CUT: "",  # there is more than a trace holds: what follows isn't noted
}
KINDS = tuple(_SHAPES)


class Head(NamedTuple):
    """What the notes are about. `every`: pieces whose index it divides are noted; `began`: by the host's clock."""

    peer: int
    run: str
    began: float
    total: int
    size: int
    every: int


class Note(NamedTuple):
    """One line: when (ms since the head's `began`), one of KINDS, and what belongs to it."""

    ms: int
    kind: str
    values: Tuple[Any, ...]


class Trace(NamedTuple):
    """A trace that was read. Times count from the first head. `damaged`: lines that were no notes."""

    head: Head
    notes: List[Note]
    damaged: int = 0


_encode = json.JSONEncoder(separators=(",", ":")).encode
# Lines of numbers alone, which most lines are: to fill in a template costs a tenth of what JSON's encoder does.
_TEMPLATES = {kind: f'[%d,"{kind}"{",%d" * len(shape)}]\n' for kind, shape in _SHAPES.items() if not shape.strip("i")}


def format_head(head: Head) -> str:
    """The line, with its end."""
    return _encode({"trace": VERSION, **head._asdict()}) + "\n"


def format_note(note: Note) -> str:
    """The line, with its end."""
    template = _TEMPLATES.get(note.kind)
    return template % (note.ms, *note.values) if template else _encode((note.ms, note.kind, *note.values)) + "\n"


def parse_trace(text: str) -> Trace:
    """The trace in a text; damaged and unknown lines are left out and counted. Raises ValueError without a head."""
    head: "Head | None" = None
    notes: List[Note] = []
    damaged = shift = 0
    for fields in _lines(text):
        note = _note(fields) if type(fields) is list else None
        if note and head:
            notes.append(note._replace(ms=note.ms + shift) if shift else note)
            continue
        again = _head(fields) if isinstance(fields, dict) else None
        if again is None:
            damaged += 1
        else:
            shift = max(0, round(1000 * (again.began - head.began))) if head else 0
            head = again._replace(began=head.began) if head else again
    if head is None:
        raise ValueError("not a trace: it has no head")
    return Trace(head, notes, damaged)


def _lines(text: str) -> List[Any]:
    """What each line holds; None for one that is damaged."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    try:
        found: List[Any] = json.loads(f"[{','.join(lines)}]")  # one call is faster by far
        if len(found) == len(lines):
            return found
    except (ValueError, RecursionError):
        pass
    return [_line(line) for line in lines]


def _line(line: str) -> Any:
    try:
        return json.loads(line) if len(line) <= _MOST_LINE else None
    except (ValueError, RecursionError):
        return None


def _head(fields: Dict[str, Any]) -> "Head | None":
    values = [fields.get(name) for name in Head._fields]
    kinds = [type(value) for value in values]
    if fields.get("trace") != VERSION or kinds != [int, str, float, int, int, int]:
        return None
    head = Head(*values)  # type: ignore[arg-type]
    sound = (
        0 <= head.began < _MOST_NUMBER and head.every > 0 and all(map(_is_count, (head.peer, head.total, head.size)))
    )
    return head if sound else None


def _note(fields: List[Any]) -> "Note | None":
    if len(fields) < 2 or not _is_count(fields[0]) or type(fields[1]) is not str:
        return None
    ms, kind, *values = fields
    shape = _SHAPES.get(kind)
    if shape is None or len(shape) != len(values) or not all(map(_fits, shape, values)):
        return None
    return Note(ms, kind, tuple(values))


def _fits(kind: str, value: Any) -> bool:
    if kind == "i":
        return type(value) is int and -1 <= value < _MOST_NUMBER
    if kind == "s":
        return type(value) is str and len(value) <= MOST_TEXT
    if type(value) is not list:
        return False
    if kind == "l":
        return all(map(_is_count, value))
    return all(type(one) is list and len(one) == 3 and all(map(_is_count, one)) for one in value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MOST_NUMBER

"""The status file of a running peer, one JSON object for its operator; written and read only here."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Tuple

from peer.core.tuples import NamedTuple

# A peer's life: checking (hashing what was there, serving what is proved), downloading, seeding (complete, serving
# others), one of the ends.
CHECKING, DOWNLOADING, SEEDING, DONE, INCOMPLETE, FAILED, STOPPED = (
    "checking", "downloading", "seeding", "done", "incomplete", "failed", "stopped",
)  # fmt: skip
ENDED = (DONE, INCOMPLETE, FAILED, STOPPED)


class Neighbour(NamedTuple):
    """One neighbour as a peer sees it. `we_unchoke`, `unchokes_us`: which side serves the other."""

    peer: int
    connected: bool
    profile: str = "classic"
    pieces: int = 0
    we_unchoke: bool = False
    unchokes_us: bool = False
    wants_ours: bool = False
    bytes_down: int = 0
    bytes_up: int = 0
    trouble: str = ""  # why it isn't connected: "connection refused", "not dialled us yet"


class Status(NamedTuple):
    """Pieces are counts, sizes are bytes, rates are bytes a second, times are seconds since the epoch."""

    peer: int
    run: str
    state: str
    profile: str
    listening: bool
    port: int
    pid: int
    pieces: int
    total: int
    size: int
    noted: str = ""  # those of the pieces that its trace notes: see `format_noted`
    to_check: int = 0  # bytes that were on the disk already, and ...
    checked: int = 0  # ... how many of them have been hashed since
    bytes_down: int = 0  # of pieces, and parts of pieces, that neighbours sent
    bytes_seed: int = 0  # those of them that seeds sent
    bytes_kept: int = 0  # of the copy, found on the disk: in older versions, or from an earlier start
    bytes_zero: int = 0  # of the copy, blocks of zeros: never sent
    bytes_twin: int = 0  # of the copy, copied from equal blocks in it
    files: int = 0  # of the payload
    files_kept: Optional[int] = None  # those that were at their places with all their bytes; None: nothing was there
    bytes_up: int = 0  # on all connections, messages included
    rate_down: float = 0.0
    rate_up: float = 0.0
    rate_checked: float = 0.0
    bad_pieces: int = 0
    preferred: Tuple[int, ...] = ()
    optimistic: Optional[int] = None
    neighbours: Tuple[Neighbour, ...] = ()
    tolerated: Tuple[str, ...] = ()  # a line for each neighbour and habit, with the number of times
    reason: str = ""  # why there is no progress, or why the peer has ended; names neighbours
    started: float = 0.0
    last_progress: float = 0.0
    completed: float = 0.0  # 0 until this peer has the complete payload under its final name
    cpu_seconds: float = 0.0  # until then: it computed so long, ...
    queue_seconds: float = 0.0  # ... was ready and had to wait for a CPU, ...
    disk_seconds: float = 0.0  # ... waited for the disk to write, ...
    still_seconds: float = 0.0  # ... and stood still so long for the most frequent reason, which is ...
    still_reason: str = ""
    updated: float = 0.0
    exit_code: Optional[int] = None


def format_status(status: Status) -> str:
    """One line of JSON."""
    return json.dumps(to_fields(status), separators=(",", ":")) + "\n"


def to_fields(status: Status) -> Dict[str, Any]:
    """The status as a JSON object."""
    return {**status._asdict(), "neighbours": [neighbour._asdict() for neighbour in status.neighbours]}


def to_change(status: Status, before: Status) -> Optional[Dict[str, Any]]:
    """The fields that have changed since, as a JSON object; None if a neighbour has come or gone."""
    rows = {row.peer: row for row in before.neighbours}
    if [row.peer for row in status.neighbours] != list(rows):
        return None
    fields = _changed(status, before)
    if "neighbours" in fields:
        changes = ((row.peer, _changed(row, rows[row.peer])) for row in status.neighbours)
        fields["neighbours"] = [{"peer": peer, **change} for peer, change in changes if change]
    return fields


def _changed(row: Any, before: Any) -> Dict[str, Any]:
    return {name: new for name, new, old in zip(row._fields, row, before) if new != old}


def changed(before: Status, fields: Any) -> Status:
    """The status that `to_change` told. Raises ValueError."""
    rows = {row.peer: row._asdict() for row in before.neighbours}
    try:
        fields = _known(Status, fields)
        for row in fields.get("neighbours", ()):
            rows[_number("peer", row["peer"])] = {**rows.get(row["peer"], {}), **row}
        return from_fields({**before._asdict(), **fields, "neighbours": list(rows.values())})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a change of a status: {error!r}") from None


def doing(state: str, checked: int, to_check: int) -> str:
    """A peer's state for a person: how far it is with a check (bytes) is part of that."""
    return f"{state} {100 * checked // to_check} %" if state == CHECKING and to_check else state


def parse_status(text: str) -> Status:
    """The status in `text`; fields that a newer peer added are left out. Raises ValueError."""
    try:
        return from_fields(json.loads(text))
    except RecursionError as error:
        raise ValueError(f"not a status: {error}") from None


def from_fields(fields: Any) -> Status:
    """The status that a JSON object is. Raises ValueError."""
    try:
        fields = _known(Status, fields)
        fields["neighbours"] = tuple(Neighbour(**_known(Neighbour, row)) for row in fields.get("neighbours", ()))
        fields["preferred"] = tuple(_number("preferred", peer) for peer in fields.get("preferred", ()))
        fields["tolerated"] = tuple(_text("tolerated", line) for line in fields.get("tolerated", ()))
        return Status(**fields)
    except TypeError as error:
        raise ValueError(f"not a status: {error}") from None


def _known(kind: Any, fields: Any) -> dict[str, Any]:
    """The fields that we know, each of its own type: a damaged status is refused here, not where it is shown."""
    if not isinstance(fields, dict):
        raise ValueError(f"not a status: {type(fields).__name__} where an object belongs")
    kinds = _KINDS[kind]
    found = {name: value for name, value in fields.items() if name in kinds}
    for name, value in found.items():  # an operator reads thousands a second
        one = type(value)
        if one not in kinds[name] or (one in _NUMBERS and not -_MOST < value < _MOST):
            raise _unsound(name, value)
    return found


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise _unsound(name, value)
    return value


def _number(name: str, value: Any) -> int:
    if type(value) is not int or not -_MOST < value < _MOST:
        raise _unsound(name, value)
    return value


def _unsound(name: str, value: Any) -> ValueError:
    return ValueError(f"not a status: {name} is {value!r:.40}")


_MOST = 2**63
_NUMBERS = frozenset({int, float})
_OPTIONAL = ("optimistic", "exit_code", "files_kept")
_TEXTS = ("run", "state", "profile", "reason", "still_reason", "trouble", "noted")
_TRUTHS = ("listening", "connected", "we_unchoke", "unchokes_us", "wants_ours")
_FRACTIONS = (
    "rate_down", "rate_up", "rate_checked", "started", "last_progress", "completed", "updated", "cpu_seconds",
    "queue_seconds", "disk_seconds", "still_seconds",
)  # fmt: skip
_TYPES = {
    **dict.fromkeys(("neighbours", "preferred", "tolerated"), frozenset({list, tuple})),
    **dict.fromkeys(_OPTIONAL, frozenset({int, type(None)})),
    **dict.fromkeys(_TEXTS, frozenset({str})),
    **dict.fromkeys(_TRUTHS, frozenset({bool})),
    **dict.fromkeys(_FRACTIONS, _NUMBERS),
}
# The types that each field may have; one that isn't named above is a whole number.
_KINDS = {kind: {name: _TYPES.get(name, frozenset({int})) for name in kind._fields} for kind in (Status, Neighbour)}

"""The lines of `peer follow`: one JSON object for each change of a peer; written and read only here.

    {"peer": 1001, "log": "<line>", "offset": <bytes up to its end>}
    {"peer": 1001, "status": {...}}
    {"peer": 1001, "change": {...}}     what of the status has changed since the last line that told it
    {"peer": 1001, "alive": true|false}

An empty line is a heartbeat. Each kind is known by the field that the others don't have.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Union

from peer.core import status
from peer.core.status import Status
from peer.core.tuples import NamedTuple

# Without news an empty line comes this often: it tells the reader that the writer lives, and tells the writer, by a
# broken pipe, that the reader doesn't.
HEARTBEAT_SECONDS = 2.0
HEARTBEAT = ""


class LogLine(NamedTuple):
    """A line of the peer's event log. `offset`: bytes of the log up to its end, where to go on after it."""

    peer: int
    text: str
    offset: int


class StatusLine(NamedTuple):
    """The peer's status file has changed."""

    peer: int
    status: Status


class Alive(NamedTuple):
    """Whether a process holds the peer's lock."""

    peer: int
    alive: bool


FollowLine = Union[LogLine, StatusLine, Alive]


def fields_of(line: FollowLine) -> Dict[str, Any]:
    """The line as a JSON object."""
    if isinstance(line, LogLine):
        return {"peer": line.peer, "log": line.text, "offset": line.offset}
    if isinstance(line, StatusLine):
        return {"peer": line.peer, "status": status.to_fields(line.status)}
    return line._asdict()


def format_line(line: FollowLine) -> str:
    """The line as text, without its end."""
    return _text(fields_of(line))


def _text(fields: Dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def parse_line(text: str) -> Optional[FollowLine]:
    """The line in `text`; None for a heartbeat. Raises ValueError."""
    if text == HEARTBEAT:
        return None
    try:
        return from_fields(json.loads(text))
    except RecursionError:
        raise ValueError("not a line of `follow`: too deep") from None


def from_fields(fields: Any) -> FollowLine:
    """The line for a JSON object; fields that a newer peer added are left out. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError(f"not a line of `follow`: {type(fields).__name__} where an object belongs")
    peer = _typed(fields, "peer", int)
    if "log" in fields:
        return LogLine(peer, _typed(fields, "log", str), _typed(fields, "offset", int))
    if "status" in fields:
        return StatusLine(peer, status.from_fields(fields["status"]))
    return Alive(peer, _typed(fields, "alive", bool))


def _typed(fields: Dict[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name)
    if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 2**63):
        raise ValueError(f"not a line of `follow`: {name} is {value!r:.40}")
    return value


class Writer:
    """One stream of lines. A status is mostly what the one before was, and a seed's link has better to do."""

    def __init__(self) -> None:
        self._told: Dict[int, Status] = {}  # by peer

    def format(self, line: FollowLine) -> str:
        """The line as text, without its end."""
        if not isinstance(line, StatusLine):
            return format_line(line)
        before = self._told.get(line.peer)
        self._told[line.peer] = line.status
        change = None if before is None else status.to_change(line.status, before)
        return format_line(line) if change is None else _text({"peer": line.peer, "change": change})


class Reader:
    """The other end of such a stream."""

    def __init__(self) -> None:
        self._told: Dict[int, Status] = {}  # by peer

    def line_of(self, fields: Any) -> FollowLine:
        """The line for a JSON object. Raises ValueError."""
        line = self._change(fields) if isinstance(fields, dict) and "change" in fields else from_fields(fields)
        if isinstance(line, StatusLine):
            self._told[line.peer] = line.status
        return line

    def _change(self, fields: Dict[str, Any]) -> StatusLine:
        peer = _typed(fields, "peer", int)
        if peer not in self._told:
            raise ValueError(f"not a line of `follow`: a change of {peer}, of which no status came before")
        return StatusLine(peer, status.changed(self._told[peer], fields["change"]))

"""The lines between operator and agent: each is one JSON object, written and read here, and a record to both sides."""

from __future__ import annotations

import json
from typing import Any, Dict, Protocol, Type, TypeVar, Union

from deploy.agent.typed import Mismatch, from_fields
from peer.core.mark import Mark
from peer.core.tuples import NamedTuple

A = TypeVar("A", covariant=True)
MAX_LINE = 192 * 1024 * 1024  # one line takes a manifest, or the list of an upload's files (see MOST_JSON)
OTHER_VERSION = "is the operator's Weft another version?"


class Request(Protocol[A]):
    """A record of `verbs` that asks for something."""

    def answer(self) -> Type[A]:
        """The kind of record that the agent answers with."""

    def _asdict(self) -> Dict[str, Any]: ...


class Envelope(NamedTuple):
    """A request on its way. `home`: the swarm's folder; `body`: bytes that follow the line.

    `deadline`: seconds, from the request or from the last sign that it goes forward.
    """

    verb: str
    home: str
    deadline: float
    body: int
    fields: Dict[str, Any]


class Answer(NamedTuple):
    """The verb went well."""

    answer: Dict[str, Any]


class Failure(NamedTuple):
    """It didn't: one line for a person."""

    problem: str
    remedy: str


class Part(NamedTuple):
    """Some bytes of the file `part` follow the line. A file's first part is empty."""

    part: str
    size: int


class End(NamedTuple):
    """The end of what `follow` streams: the peer program's exit code."""

    end: int


Reply = Union[Answer, Failure, Part, Mark, End]
# Each by a field that the others don't have.
_REPLIES: Dict[str, Any] = {"answer": Answer, "problem": Failure, "part": Part, "doing": Mark, "end": End}


def verb_of(kind: Any) -> str:
    """The verb by which a kind of request is called."""
    name: str = kind.__name__
    return name.lower()


def write(record: Any) -> bytes:
    """An envelope or a reply as a line, with its end."""
    return json.dumps(record._asdict(), separators=(",", ":")).encode() + b"\n"


def seal(request: Request[Any], home: str, deadline: float, body: int) -> Envelope:
    """A request in its envelope."""
    return Envelope(verb_of(type(request)), home, round(deadline, 1), body, request._asdict())


def read_envelope(line: bytes) -> Envelope:
    """What `seal` and `write` made. Raises Mismatch."""
    return from_fields(Envelope, read_object(line), "a request")


def read_reply(line: bytes) -> Reply:
    """Any reply. Raises Mismatch."""
    return reply_of(read_object(line))


def reply_of(fields: Dict[str, Any]) -> Reply:
    """The reply that a JSON object is. Raises Mismatch."""
    kinds = [kind for name, kind in _REPLIES.items() if name in fields]
    if not kinds:
        raise Mismatch("an answer of no known kind")
    reply: Reply = from_fields(kinds[0], fields, "an answer")
    return reply


def read_object(line: bytes) -> Dict[str, Any]:
    """The JSON object in a line. Raises Mismatch."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise Mismatch(f"not JSON: {line[:40]!r}") from None
    if type(fields) is not dict:
        raise Mismatch(f"not an object: {line[:40]!r}")
    return fields

"""The agent's line to its operator: one JSON line a request, part or answer, raw bytes after some."""

from __future__ import annotations

import json
from contextlib import nullcontext
from io import BufferedIOBase
from typing import Any, BinaryIO, Callable, ContextManager, Dict, Iterator, Optional

MAX_LINE = 192 * 1024 * 1024  # one line takes a manifest, or the list of an upload's files (see MOST_JSON)
CHUNK = 1024 * 1024

Request = Dict[str, Any]
Answer = Dict[str, Any]


class AgentError(Exception):
    """One line for the operator: what is wrong on this host; `remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy


class Wire:
    """Requests come out of `source`, answers go into `sink`; a request may have a body of raw bytes."""

    def __init__(
        self, source: BufferedIOBase, sink: BinaryIO, waiting: Callable[[], ContextManager[None]] = nullcontext
    ) -> None:
        self._source = source
        self._sink = sink
        self._waiting = waiting  # entered while the next bytes of a body are waited for
        self._unread = 0  # bytes of the request's body that no verb has taken yet

    def request(self) -> Optional[Request]:
        """The next request; None once the operator has hung up. Blank lines are heartbeats."""
        for _ in self.body(self._unread):
            pass  # a verb that failed half-way leaves its body in the stream
        line = b"\n"
        while line == b"\n":
            line = self._source.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            return None
        request: Request = json.loads(line)
        self._unread = int(request.get("body", 0))
        return request

    def body(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes of the request's body, in pieces."""
        while size > 0:
            with self._waiting():
                data = self._source.read1(min(size, CHUNK, self._unread))
            if not data:
                raise AgentError("the transfer ended too early", "run it again")
            size -= len(data)
            self._unread -= len(data)
            yield data

    def part(self, path: str, data: bytes) -> None:
        """Some bytes of a file on their way to the operator; the parts of a path follow one another."""
        self._line({"part": path, "size": len(data)})
        self._sink.write(data)

    def answer(self, fields: Answer) -> None:
        """What the verb found out; the end of a request."""
        self._line({"ok": True, **fields})
        self._sink.flush()

    def fail(self, problem: str, remedy: str) -> None:
        """Why the verb could not do it; the end of a request."""
        self._line({"ok": False, "problem": problem, "remedy": remedy})
        self._sink.flush()

    def _line(self, fields: Answer) -> None:
        self._sink.write(json.dumps(fields, separators=(",", ":")).encode() + b"\n")

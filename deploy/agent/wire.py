"""The agent's end of the line to its operator: requests come, answers, marks and parts of files go, packed."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from io import BufferedIOBase
from typing import Any, BinaryIO, Callable, ContextManager, Iterator, Optional

from deploy.agent import lines
from deploy.agent.lines import Envelope
from deploy.agent.packedtalk import Packer
from peer.core.mark import Mark

CHUNK = 1024 * 1024


class AgentError(Exception):
    """One line for the operator: what is wrong on this host; `remedy`: what to do about it."""

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
        self._packer = Packer()
        self._waiting = waiting  # entered while the next bytes of a body are waited for
        self._unread = 0  # bytes of the request's body that no verb has taken yet
        self._writing = threading.Lock()  # marks come from any thread

    def request(self) -> Optional[Envelope]:
        """The next request; None once the operator has hung up. Blank lines are heartbeats. Raises Mismatch."""
        for _ in self.body(self._unread):
            pass  # a handler that failed half-way has left the rest of the body in the stream
        line = b"\n"
        while line == b"\n":
            line = self._source.readline(lines.MAX_LINE)
        if not line.endswith(b"\n"):
            return None
        envelope = lines.read_envelope(line)
        self._unread = envelope.body
        return envelope

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
        with self._writing:
            self._sink.write(self._packer.pack(lines.write(lines.Part(path, len(data)))))
            self._sink.write(self._packer.pack(data))

    def tell(self, mark: Mark) -> None:
        """How far the verb is."""
        self.say(lines.write(mark))

    def answer(self, record: Any) -> None:
        """What the verb found out; the end of a request."""
        self.say(lines.write(lines.Answer(record._asdict())))

    def fail(self, problem: str, remedy: str) -> None:
        """Why the verb could not do it; the end of a request."""
        self.say(lines.write(lines.Failure(problem, remedy)))

    def say(self, data: bytes) -> None:
        """Complete lines; they are on their way then, with all that was said before."""
        with self._writing:
            self._sink.write(self._packer.pack(data) + self._packer.flush())
            self._sink.flush()

    def hand_over(self) -> None:
        """From now on the line is somebody else's, and bare."""
        with self._writing:
            self._sink.write(self._packer.end())
            self._sink.flush()

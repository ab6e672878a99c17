"""A pipe to an agent: what the other end said last is told, however often it is found to be gone."""

from __future__ import annotations

import pytest

from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.pipe import Pipe, PipeBroken


class Closed:
    """A channel whose other end has hung up."""

    def settimeout(self, timeout: float | None) -> None: ...

    def sendall(self, data: bytes) -> None:
        raise OSError("Socket is closed")

    def recv(self, size: int) -> bytes:
        return b""


def test_the_last_words_are_taken_once_and_told_each_time() -> None:
    words = iter(["Please login as the user ubuntu."])
    pipe = Pipe(Closed(), lambda: next(words, "exit code 1"), lambda: None)
    for attempt in (lambda: pipe.send(b"x", Deadline(9)), lambda: pipe.line(Deadline(9))):
        with pytest.raises(PipeBroken, match="ubuntu"):
            attempt()

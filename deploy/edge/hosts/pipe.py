"""Bytes to and from an agent, each wait with a deadline; above it local processes and SSH look alike.

Bytes that pass renew a deadline that can be renewed: a long line over a slow link is no silence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from deploy.agent.lines import MAX_LINE
from deploy.agent.packedtalk import Unpacker
from deploy.edge.hosts.deadline import Deadline

_BLOCK = 256 * 1024


class Channel(Protocol):
    """What a socket and a Paramiko channel have in common."""

    def settimeout(self, timeout: float | None, /) -> None: ...
    def sendall(self, data: bytes, /) -> object: ...
    def recv(self, size: int, /) -> bytes: ...


class PipeBroken(Exception):
    """The other end is gone; the text is its last words, if it had any."""


class Pipe:
    """A channel to one agent. `last_words` is asked once it has ended, `hang_up` releases what it holds.

    `is_over`: whether the other end is known to be gone, though nothing was sent or awaited.
    """

    def __init__(
        self,
        channel: Channel,
        last_words: Callable[[], str],
        hang_up: Callable[[], object],
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.is_over = is_over
        self._channel = channel
        self._last_words = cache(last_words)  # whoever reads them has taken them
        self._hang_up = hang_up
        self._buffer = bytearray()
        self._scanned = 0  # bytes of the buffer that hold no line end
        self._unpacker: Unpacker | None = None

    def unpack(self) -> None:
        """What comes from now on is packed (see `packedtalk`). Raises ValueError, as all that read it do then."""
        self._unpacker = Unpacker()
        self._buffer = bytearray(self._unpacker.unpack(bytes(self._buffer)))

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`. Raises PipeBroken, TimeoutError."""
        for start in range(0, len(data), _BLOCK):
            self._channel.settimeout(deadline.left())
            try:
                self._channel.sendall(data[start : start + _BLOCK])
            except TimeoutError:
                raise
            except (OSError, EOFError):
                raise PipeBroken(self._last_words()) from None
            deadline.renew()

    def line(self, deadline: Deadline) -> bytes:
        """The next line, without its end. Raises PipeBroken at the end of the stream, TimeoutError."""
        while (end := self._buffer.find(b"\n", self._scanned)) < 0:
            self._scanned = len(self._buffer)
            if self._scanned > MAX_LINE:
                raise PipeBroken("it sends a line without an end")
            self._fill(deadline)
        self._scanned = 0
        return self._take(end + 1)[:-1]

    def exactly(self, size: int, deadline: Deadline) -> bytes:
        """The next `size` bytes. Raises PipeBroken, TimeoutError."""
        while len(self._buffer) < size:
            self._fill(deadline)
        self._scanned = 0
        return self._take(size)

    def some(self, deadline: Deadline) -> bytes:
        """The next bytes, as they come. Raises PipeBroken, TimeoutError."""
        while not self._buffer:
            self._fill(deadline)
        self._scanned = 0
        return self._take(len(self._buffer))

    def rest(self) -> bytes:
        """What came without a line end."""
        return bytes(self._buffer)

    def close(self) -> None:
        """Hang up; the agent notices and ends."""
        self._hang_up()

    def _fill(self, deadline: Deadline) -> None:
        self._channel.settimeout(deadline.left())
        try:
            data = self._channel.recv(_BLOCK)
        except TimeoutError:
            raise
        except (OSError, EOFError):
            data = b""
        if not data:
            raise PipeBroken(self._last_words())
        self._buffer += self._unpacker.unpack(data) if self._unpacker else data
        deadline.renew()

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

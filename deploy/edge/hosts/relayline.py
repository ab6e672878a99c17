"""The line to one agent that relays: frames go out in their order, frames come in, each in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from deploy.agent import clocks
from deploy.agent.frames import BEAT, Frame, Frames
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.pipe import Pipe, PipeBroken

_AT_ONCE = 64 * 1024  # bytes that are sent together, where as many wait


class RelayLine:
    """`on_frame` is called by the reading thread, which waits for it; `on_end` once, when the line has ended."""

    def __init__(
        self,
        name: str,
        pipe: Pipe,
        on_frame: Callable[[RelayLine, Frame], object],
        on_end: Callable[[RelayLine], object],
    ) -> None:
        self.name = name
        self._pipe = pipe
        self._on_frame = on_frame
        self._on_end = on_end
        self._outbox: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()

    def start(self) -> None:
        """Begin to send and to hear."""
        for work, name in ((self._write, "write"), (self._read, "read")):
            threading.Thread(target=work, name=f"{self.name}-relay-{name}", daemon=True).start()

    def send(self, frame: Frame) -> None:
        """Send it after all that wait; how many these can be is bounded by the credits of their streams."""
        self._outbox.put(frame)

    def close(self) -> None:
        """Hang up."""
        self._outbox.put(None)
        self._pipe.close()

    def _read(self) -> None:
        cut = Frames()
        try:
            while True:
                for frame in cut.feed(self._pipe.some(Deadline(clocks.SILENCE))):
                    if frame.kind != BEAT:
                        self._on_frame(self, frame)
        except (PipeBroken, OSError, ValueError):  # TimeoutError is one; a pipe that was closed meanwhile says others
            self.close()
            self._on_end(self)

    def _write(self) -> None:
        try:
            while (data := self._next()) is not None:
                self._pipe.send(data, Deadline(clocks.SILENCE))
        except (PipeBroken, OSError):
            self._pipe.close()  # which ends the reader, who tells of it

    def _next(self) -> bytes | None:
        """The bytes to send next: a sign of life where nothing else is; None at the end."""
        try:
            frame = self._outbox.get(timeout=clocks.HEARTBEAT)
        except queue.Empty:
            return Frame(BEAT, 0).write()
        if frame is None:
            return None
        data = frame.write()
        while len(data) < _AT_ONCE and not self._outbox.empty():
            more = self._outbox.get()
            if more is None:
                self._outbox.put(None)
                break
            data += more.write()
        return data

"""Ends the agent when nobody needs it any more: the operator hung up, or a request outlived its deadline."""

from __future__ import annotations

import contextlib
import math
import os
import select
import threading
import time
from typing import Iterator

from deploy.agent import clocks, wards

_TICK_MS = 500
_EXIT_LOST = 75  # what mail programs call a temporary failure; nobody is left to read it


class Guard(threading.Thread):
    """Watches the operator's end of the line in a thread of its own: the main thread may be busy with a request."""

    def __init__(self, line: int = 0) -> None:
        super().__init__(name="guard", daemon=True)
        self._line = line
        self._poll = select.poll()
        self._poll.register(line, 0)  # no events asked for: only the hang-up and errors come
        self._lease = 0.0
        self._seconds = 0.0
        self._until = 0.0
        self._stalled = math.inf
        self.allow(clocks.IDLE)

    def allow(self, seconds: float) -> None:
        """Let the process live `seconds` from now, unless it is allowed again."""
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Let it live as many seconds from now, as the request goes forward."""
        self._until = time.monotonic() + self._seconds

    def lease(self, seconds: float) -> None:
        """From now on every heartbeat (any byte) of the operator allows another `seconds`."""
        self._lease = seconds
        self.allow(seconds)
        self._poll.modify(self._line, select.POLLIN)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While the body waits for bytes of a transfer: not for ever, because a cut line looks like a slow one."""
        self._stalled = time.monotonic() + clocks.STALL
        try:
            yield
            self.renew()
        finally:
            self._stalled = math.inf

    def run(self) -> None:
        """The thread's body."""
        while time.monotonic() < min(self._until, self._stalled) and self._operator_there():
            pass
        wards.leave(_EXIT_LOST)

    def _operator_there(self) -> bool:
        for _, what in self._poll.poll(_TICK_MS):
            if what & ~select.POLLIN or not os.read(self._line, 4096):
                return False
            self.allow(self._lease)
        return True

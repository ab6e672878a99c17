"""Keeps what the peers of a host send and receive within the host's caps: their threads wait their turn here.

The caps, and how far they are used up, lie in a file that all peers of a host map into memory. A lock on it makes one
budget of theirs; `fab cap` writes there, and the next portion keeps to the new cap.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import threading
import time
from typing import Collection, Iterator, Optional, Sequence

from peer.core import budget
from peer.core import folder as names
from peer.core.budget import DOWN, UP, Flow

LOOK_SECONDS = 0.25  # a thread that waits looks so often whether there is another cap
_NO_CAP = (0.0,)


class Meter:
    """One direction of a host's traffic, as the threads of one peer share it."""

    def __init__(self, shared: "Optional[_Shared]", direction: int, connections: int) -> None:
        self.shared = shared is not None  # whether there may be a cap at any time
        self._shared = shared
        self._direction = direction
        self._connections = connections
        self._rate: Sequence[float] = shared.rate(direction) if shared else _NO_CAP

    @property
    def rate(self) -> float:
        """Bytes a second; 0 without a cap."""
        return self._rate[0]

    @property
    def window(self) -> int:
        """Bytes that a connection's receive buffer may hold; 0: as many as the system likes."""
        rate = self.rate
        return budget.window(rate, self._connections) if rate else 0

    def enough(self, count: int) -> int:
        """For how many of `count` bytes a reader may wait."""
        return budget.enough(count, self.window)

    def most(self, count: int) -> int:
        """How many of `count` bytes may be handled at once."""
        rate = self.rate
        if not rate:
            return count
        return min(count, budget.portion(rate) if self._direction == UP else budget.mouthful(self.window))

    def take(self, count: int) -> int:
        """Wait until some of `count` bytes may be sent; how many."""
        if not self._rate[0]:
            return count
        some = self.most(count)
        before = self._grant(some)
        if before:
            self._wait(before)
        return some

    def spend(self, count: int) -> None:
        """Count bytes that can't wait."""
        if self._rate[0]:
            self._grant(count)

    def pause(self, count: int) -> None:
        """Count bytes that have come, and wait as long as they should have taken."""
        if self._grant(count) and self._shared:
            self._wait(self._shared.read(self._direction))

    def _grant(self, count: int) -> Optional[Flow]:
        """Count bytes; the budget before that, None without a cap."""
        if not self._shared:
            return None
        with self._shared.locked():
            before = self._shared.read(self._direction)
            if before.rate:
                self._shared.write(self._direction, before.granted(count, time.monotonic()))
        return before if before.rate else None

    def _wait(self, flow: Flow) -> None:
        """Wait for the moment up to which others were granted, or for another cap."""
        left = flow.free - time.monotonic()
        while 0 < left < budget.MOST_AHEAD:
            time.sleep(min(left, LOOK_SECONDS))
            if self.rate != flow.rate:
                return
            left = flow.free - time.monotonic()


class Budget:
    """Both directions of a peer's host; `up` and `down` are always there, with or without caps.

    `connections`: of all peers of the host with others; `here`: those peers, whose traffic with one another has no cap.
    """

    def __init__(self, folder: str = "", connections: int = 1, here: Collection[int] = ()) -> None:
        self._here = frozenset(here)
        shared = _open(os.path.join(folder, names.BUDGET)) if folder else None
        self.up = Meter(shared, UP, connections)
        self.down = Meter(shared, DOWN, connections)

    def toward(self, peer: int) -> Budget:
        """What holds for the connection with that peer."""
        return UNCAPPED if peer in self._here else self


UNCAPPED = Budget()


class _Shared:
    """The mapped file of a host."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = memoryview(mmap.mmap(descriptor, budget.LENGTH))
        self._lock = threading.Lock()  # a lock on the file is the process's, not the thread's

    def read(self, direction: int) -> Flow:
        return budget.read_flow(self._data, direction)

    def rate(self, direction: int) -> "memoryview[float]":
        return budget.rate_view(self._data, direction)

    def write(self, direction: int, flow: Flow) -> None:
        budget.write_flow(self._data, direction, flow)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)


def _open(path: str) -> Optional[_Shared]:
    """The file of this host, where the agent has made one."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if not budget.is_file(os.pread(descriptor, budget.LENGTH + 1, 0)):
        os.close(descriptor)
        return None
    return _Shared(descriptor)

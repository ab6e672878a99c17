"""Delays what passes between interfaces, pair by pair: run as a program in a lab's own namespace, until it is killed.

    python delayline.py SECONDS ONE OTHER [ONE OTHER ...]

Prints "ready" when all interfaces are open. Frames are carried as they come: with the kernel's own header before them,
so that large packets stay large and checksums that were never computed stay so. Meant for correctness, not for rates:
one thread carries all, and what it can't hold is lost as on any link.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from collections import deque
from typing import Deque, Dict, Sequence, Tuple

EVERYTHING = 0x0003  # ETH_P_ALL
SOL_PACKET, VNET_HEADER, IGNORE_OUTGOING = 263, 15, 23  # Python has no names for these
FORCED_BUFFER = 33  # SO_RCVBUFFORCE: the system's usual limit holds a tenth of a second, too little on a busy machine
PRIORITY = -15  # a link doesn't wait for those who use it
MOST_FRAME = 10 + 65536 + 64
HELD = 64 * 2**20  # bytes that wait on one way, at most

Frame = Tuple[float, bytes]  # when it is due, and all of it


class Way:
    """What goes from one interface to another."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self._target = target
        self._frames: Deque[Frame] = deque()
        self._held = 0

    def take(self, delay: float) -> None:
        """Read all that has come."""
        while True:
            try:
                data = self.source.recv(MOST_FRAME)
            except OSError:  # nothing more, or an error of the interface that is told once
                return
            if self._held + len(data) <= HELD:
                self._frames.append((time.monotonic() + delay, data))
                self._held += len(data)

    def send(self) -> float:
        """Send what is due; seconds until there is more."""
        now = time.monotonic()
        while self._frames and self._frames[0][0] <= now:
            _, data = self._frames.popleft()
            self._held -= len(data)
            with contextlib.suppress(OSError):  # its queue is full: a link drops such a frame, too
                self._target.send(data)
        return self._frames[0][0] - now if self._frames else 3600.0


def opened(interface: str) -> socket.socket:
    """All that comes to an interface, and the way to send there."""
    handle = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    handle.setsockopt(SOL_PACKET, VNET_HEADER, 1)
    handle.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
    handle.setsockopt(socket.SOL_SOCKET, FORCED_BUFFER, 16 * 2**20)
    handle.setblocking(False)
    handle.bind((interface, EVERYTHING))
    return handle


def carry(delay: float, interfaces: Sequence[str]) -> None:
    """For ever."""
    handles = [opened(name) for name in interfaces]
    ways: Dict[int, Way] = {}
    for one, other in zip(handles[::2], handles[1::2]):
        ways[one.fileno()], ways[other.fileno()] = Way(one, other), Way(other, one)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    poll = select.poll()
    for number in ways:
        poll.register(number, select.POLLIN)
    print("ready", flush=True)
    wait = 3600.0
    while True:
        for number, _ in poll.poll(max(0.0, wait) * 1000):
            ways[number].take(delay)
        wait = min(way.send() for way in ways.values())


if __name__ == "__main__":
    carry(float(sys.argv[1]), sys.argv[2:])

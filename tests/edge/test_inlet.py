"""What a connection receives under a cap: bytes count as they arrive, and what came before a cap doesn't."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Iterator, Tuple

import pytest

from peer.core.budget import CATCH_UP, DOWN, HEADERS, read_flow
from peer.core.folder import BUDGET
from peer.edge.channel import Channel
from peer.edge.throttle import Budget
from tests.edge.test_throttle import cap
from tests.helpers.sockets import tcp_pair
from tests.helpers.waiting import DEADLINE, wait_for

RATE = 1_000_000.0  # bytes a second
FAST = 100 * RATE

Ends = Tuple[Channel, socket.socket, socket.socket]


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    """A channel under the cap of `tmp_path`, its socket, and the far end."""
    cap(tmp_path, None, FAST)
    near, far = tcp_pair()
    yield Channel(near, 1 << 20, False, Budget(str(tmp_path)).down), near, far
    near.close()
    far.close()


def granted_until(folder: Path) -> float:
    return read_flow((folder / BUDGET).read_bytes(), DOWN).free


def room_of(near: socket.socket) -> int:
    return near.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def waits_in(near: socket.socket, count: int) -> bool:
    return len(near.recv(count, socket.MSG_PEEK)) == count


def test_what_waits_in_the_kernel_counts_already(ends: Ends, tmp_path: Path) -> None:
    channel, near, far = ends
    cap(tmp_path, None, RATE)
    far.sendall(bytes(1))
    assert channel.receive(memoryview(bytearray(1)), 1) == 1  # the lower cap has begun for it
    far.sendall(bytes(8000))
    wait_for(lambda: waits_in(near, 8000), "the bytes")
    before = time.monotonic()
    assert channel.receive(memoryview(bytearray(1000)), 1) == 1000
    assert granted_until(tmp_path) >= before - CATCH_UP + 8000 * HEADERS / RATE


def test_what_came_before_a_lower_cap_costs_nothing_of_it(ends: Ends, tmp_path: Path) -> None:
    channel, near, far = ends
    buffer = memoryview(bytearray(4096))
    far.sendall(bytes(1000))
    assert channel.receive(buffer, 1) == 1000
    far.sendall(bytes(100_000))
    wait_for(lambda: waits_in(near, 100_000), "the bytes")
    cap(tmp_path, None, RATE / 1000)  # at this rate it would take 100 seconds
    begun, left = time.monotonic(), 100_000
    while left:
        left -= channel.receive(buffer, 1)
    assert time.monotonic() - begun < DEADLINE


def test_a_cap_binds_a_connection_that_is_idle_when_it_begins(ends: Ends, tmp_path: Path) -> None:
    channel, near, far = ends
    reader = threading.Thread(target=channel.receive, args=(memoryview(bytearray(1000)), 1))
    reader.start()
    wait_for(lambda: room_of(near) > 200_000, "the higher cap's buffer")
    cap(tmp_path, None, RATE / 8)
    far.sendall(bytes(5000))
    reader.join(DEADLINE)
    assert room_of(near) < 100_000
    assert granted_until(tmp_path) > 0

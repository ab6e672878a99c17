"""Work that is Python's own goes one after another, and what waits for a disk side by side."""

from __future__ import annotations

import threading
from typing import List

import pytest

from peer.edge import lane
from peer.edge.lane import Lane


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> List[int]:
    """What each thread has had the disk read, at the next looks."""
    blocks = [0]
    monkeypatch.setattr(lane, "_blocks_read", lambda: blocks[0])
    return blocks


def together(one: Lane, count: int = 4) -> int:
    """How many threads do their work at the same time at most, if those that may begin wait for each other."""
    inside: List[None] = []
    most: List[int] = []
    free = threading.Event()

    def work() -> None:
        inside.append(None)
        most.append(len(inside))
        free.wait(0.2)
        inside.pop()

    threads = [threading.Thread(target=one.run, args=(work,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(most)


@pytest.mark.usefixtures("read")
def test_what_is_in_memory_goes_one_after_another() -> None:
    assert together(Lane()) == 1


def test_from_a_disk_it_goes_side_by_side_until_it_is_in_memory(read: List[int]) -> None:
    one = Lane()

    def from_disk() -> str:
        read[0] += 8
        return "done"

    assert one.run(from_disk) == "done"
    assert together(one) > 1
    assert together(one) == 1


def test_those_in_line_go_on_side_by_side_once_it_comes_from_a_disk(read: List[int]) -> None:
    one, begun, free, both = Lane(), threading.Event(), threading.Event(), threading.Barrier(2, timeout=20)

    def first() -> None:
        begun.set()
        free.wait(20)
        read[0] += 8

    threads = [threading.Thread(target=one.run, args=(first,))]
    threads[0].start()
    begun.wait(20)
    threads += [threading.Thread(target=one.run, args=(both.wait,)) for _ in range(2)]
    for thread in threads[1:]:
        thread.start()
    free.set()
    for thread in threads:
        thread.join()
    assert not both.broken


def test_where_nobody_tells_what_is_read_it_goes_side_by_side(read: List[int]) -> None:
    read[0] = -1
    assert together(Lane()) > 1

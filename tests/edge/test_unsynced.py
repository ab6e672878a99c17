"""When it is time to sync, who waits for the disk, and that a failure stays one."""

from __future__ import annotations

import contextlib
import errno
import queue
import threading
from typing import Iterator, List

import pytest

from peer.core import asking
from peer.edge import unsynced
from peer.edge.unsynced import AHEAD_BYTES, SYNC_BYTES, Unsynced
from tests.helpers.waiting import DEADLINE

Syncs = queue.Queue


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here happens because time goes by, unless a test says so."""
    monkeypatch.setattr(unsynced, "SYNC_SECONDS", 2 * DEADLINE)
    monkeypatch.setattr(unsynced, "WAIT_SECONDS", 2 * DEADLINE)


def sync(waiting: Unsynced) -> List[int]:
    with waiting.taken() as files:
        return files


@contextlib.contextmanager
def watched(waiting: Unsynced, go_on: threading.Event) -> Iterator[Syncs]:
    """While the block runs, a thread syncs whenever it is time, and `go_on` is set; gives the files of each sync."""
    syncs: Syncs = queue.Queue()

    def once() -> None:
        with waiting.taken() as files:
            syncs.put(files)
            assert go_on.wait(DEADLINE)

    thread = threading.Thread(target=waiting.watch, args=[once])
    thread.start()
    yield syncs
    waiting.release()
    thread.join(DEADLINE)
    assert not thread.is_alive()


@pytest.fixture
def free() -> threading.Event:
    """A disk that keeps nobody waiting."""
    event = threading.Event()
    event.set()
    return event


def test_each_file_is_synced_once_after_it_was_written() -> None:
    waiting = Unsynced()
    for file in (3, 1, 3):
        waiting.wrote(file, 10)
    assert sync(waiting) == [1, 3]
    assert sync(waiting) == []
    waiting.wrote(1, 10)
    assert sync(waiting) == [1]


def test_what_is_written_during_a_sync_belongs_to_the_next() -> None:
    waiting = Unsynced()
    waiting.wrote(1, 10)
    with waiting.taken() as files:
        waiting.wrote(1, 10)
    assert files == [1]
    assert sync(waiting) == [1]


def test_it_is_time_when_enough_was_written(free: threading.Event) -> None:
    waiting = Unsynced()
    with watched(waiting, free) as syncs:
        waiting.wrote(1, SYNC_BYTES - 1)
        with pytest.raises(queue.Empty):
            syncs.get(timeout=0.05)
        waiting.wrote(2, 1)
        assert syncs.get(timeout=DEADLINE) == [1, 2]
        waiting.wrote(3, SYNC_BYTES)
        assert syncs.get(timeout=DEADLINE) == [3]


def test_it_is_time_after_a_while(free: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsynced, "SYNC_SECONDS", 0.01)
    waiting = Unsynced()
    waiting.wrote(1, 1)
    with watched(waiting, free) as syncs:
        assert syncs.get(timeout=DEADLINE) == [1]


def test_a_thread_that_begins_too_late_ends_at_once() -> None:
    waiting = Unsynced()
    waiting.release()
    waiting.watch(lambda: pytest.fail("nothing to do any more"))


def test_writers_too_far_ahead_wait_for_the_disk() -> None:
    waiting, disk = Unsynced(), threading.Event()
    with watched(waiting, disk) as syncs:
        waiting.wrote(1, AHEAD_BYTES + 1)
        assert syncs.get(timeout=DEADLINE) == [1]
        writer = threading.Thread(target=waiting.await_disk)
        writer.start()
        writer.join(0.05)
        assert writer.is_alive(), "what is being synced isn't on the disk yet"
        disk.set()
        writer.join(DEADLINE)
        assert not writer.is_alive()
        assert waiting.waits.seconds > 0.02


def test_nobody_waits_once_it_is_released() -> None:
    waiting, disk = Unsynced(), threading.Event()
    with watched(waiting, disk) as syncs:
        waiting.wrote(1, AHEAD_BYTES + 1)
        syncs.get(timeout=DEADLINE)
        writer = threading.Thread(target=waiting.await_disk)
        writer.start()
        waiting.release()
        writer.join(DEADLINE)
        assert not writer.is_alive()
        disk.set()


def test_without_a_thread_that_syncs_nobody_waits() -> None:
    waiting = Unsynced()
    waiting.wrote(1, 2 * AHEAD_BYTES)
    waiting.await_disk()


def test_no_writer_waits_for_so_long_that_neighbours_think_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert unsynced.WAIT_SECONDS < asking.SILENCE
    monkeypatch.setattr(unsynced, "WAIT_SECONDS", 0.01)
    waiting, disk = Unsynced(), threading.Event()
    with watched(waiting, disk) as syncs:
        waiting.wrote(1, 2 * AHEAD_BYTES)
        syncs.get(timeout=DEADLINE)
        waiting.await_disk()
        disk.set()


def test_a_failed_sync_is_a_failure_for_ever() -> None:
    """Linux tells of lost data once; the next sync would find nothing to do."""
    waiting = Unsynced()
    waiting.wrote(1, 10)
    with pytest.raises(OSError, match="Input/output error"), waiting.taken():
        raise OSError(errno.EIO, "Input/output error")
    with pytest.raises(OSError, match="Input/output error"), waiting.taken():
        raise AssertionError("not reached")

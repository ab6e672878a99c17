"""What held a peer up is measured: its disk, by waits that overlap; its CPU; and what it stood still for."""

from __future__ import annotations

import threading

import pytest

from peer.edge import diskwait, holdups, loadmeter
from peer.edge.diskwait import DiskWait
from peer.edge.holdups import Holdups
from peer.edge.loadmeter import LoadMeter


@pytest.mark.parametrize(
    ("waits", "seconds"),
    [
        ([(0, 1), (3, 5)], 3),
        ([(5, 6), (0, 7)], 7),  # the longer one ends later, and began before
        ([(0, 2), (1, 3), (4, 5), (2, 6)], 6),
        ([(0, 0.01)] * 9, 0),  # no wait for a disk: every call takes so long
        ([(at, at + 0.5) for at in range(1000)], 500),
    ],
)
def test_waits_of_several_threads_count_once(
    waits: "list[tuple[float, float]]", seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = DiskWait()
    for begin, end in waits:
        monkeypatch.setattr(diskwait.time, "monotonic", lambda end=end: end)
        waited.note(begin)
    assert waited.seconds == seconds and len(waited._spans) <= diskwait._MOST_SPANS


def test_computing_is_counted() -> None:
    meter = LoadMeter()
    while meter.cpu() < 0.05:
        pass
    assert meter.queued() >= 0.0


def test_the_thread_that_waits_longest_for_a_cpu_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ms = 10**6
    delays = iter([{"1": 0}, {"1": 0}, {"1": 200 * ms, "2": 300 * ms}, {"2": 300 * ms}, {"2": 9000 * ms}])
    times = iter([0.0, 0.0, 0.0, 0.5, 1.0, 1.5])
    monkeypatch.setattr(loadmeter, "_delays", lambda: next(delays))
    monkeypatch.setattr(loadmeter.time, "monotonic", lambda: next(times))
    meter = LoadMeter()
    assert [meter.queued() for _ in range(4)] == [0.0, 0.3, 0.3, 0.8]  # at the end no longer than there was time


def test_ready_threads_tell_that_they_waited() -> None:
    if not loadmeter._delays():
        pytest.skip("this system doesn't tell of threads that wait")
    assert str(threading.get_native_id()) in loadmeter._delays()


def test_the_most_frequent_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(holdups.time, "monotonic", lambda: now[0])
    held = Holdups()
    for reason in ("", "choked", "no answer", "", "choked"):
        now[0] += 1
        fields = held.fields(reason)
    assert (fields["still_seconds"], fields["still_reason"]) == (2.0, "choked")

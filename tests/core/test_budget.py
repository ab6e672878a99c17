"""A host's budget: many takers share one rate exactly, nothing bursts, and the file keeps what it was given."""

from __future__ import annotations

import heapq
from random import Random

import pytest

from peer.core import budget
from peer.core.budget import CATCH_UP, DOWN, HEADERS, LENGTH, MBIT, UP, Flow


def taken(mbit: float, takers: int, seconds: float, late: float, pauses: float) -> "list[tuple[float, int]]":
    """When how much was sent by so many threads, each late by up to `late` seconds; all pause once for `pauses`."""
    rng, flow, sent = Random(7), Flow(mbit * MBIT), []
    waiting = [(100.0 + rng.random() / 1000, one) for one in range(takers)]
    while waiting:
        now, one = heapq.heappop(waiting)
        count = budget.portion(flow.rate)
        begin = max(now, flow.free)
        flow = flow.granted(count, now)
        go = begin + rng.random() * late
        if go < 100.0 + seconds:
            sent.append((go, count))
            pause = pauses if go > 102.0 > now and pauses else 0.0
            heapq.heappush(waiting, (go + pause, one))
    return sorted(sent)


@pytest.mark.parametrize("mbit", [1, 10, 200, 2000])
@pytest.mark.parametrize(("takers", "late"), [(1, 0.002), (12, 0.0), (24, 0.02)])
@pytest.mark.parametrize("pauses", [0.0, 1.0])
def test_any_two_seconds_bring_what_the_cap_allows(mbit: float, takers: int, late: float, pauses: float) -> None:
    sent = taken(mbit, takers, 8.0, late, pauses)
    rate = mbit * MBIT / HEADERS
    slack = (CATCH_UP + late) * rate + takers * budget.portion(mbit * MBIT)
    for begin in (100.0, 101.5, 102.5, 103.5, 105.0):
        total = sum(count for at, count in sent if begin <= at < begin + 2)
        assert total <= 2 * rate + slack
        if not pauses:
            assert total >= 2 * rate - slack


def test_a_moment_from_before_a_restart_of_the_machine_counts_for_nothing() -> None:
    assert Flow(1000.0, 1e6).granted(1000, 5.0).free == pytest.approx(5.0 + HEADERS)


@pytest.mark.parametrize("connections", [1, 8, 1000])
def test_receive_buffers_hold_a_part_of_a_second_of_all_connections_together(connections: int) -> None:
    size = budget.window(200 * MBIT, connections)
    assert size == budget.LEAST_WINDOW or size * connections <= 0.1 * 200 * MBIT


@pytest.mark.parametrize("mbit", [10, 50, 200, 2000])
@pytest.mark.parametrize("connections", [1, 6, 8, 16])
def test_readers_that_wait_together_hold_little_that_counts_already(mbit: float, connections: int) -> None:
    held = connections * budget.mouthful(budget.window(mbit * MBIT, connections))
    assert held <= 0.025 * mbit * MBIT


@pytest.mark.parametrize("mbit", [1, 10, 50, 200, 2000])
@pytest.mark.parametrize("connections", [1, 6, 8, 1000])
def test_no_reader_waits_for_more_than_its_buffer_takes(mbit: float, connections: int) -> None:
    size = budget.window(mbit * MBIT, connections)
    wanted = budget.mouthful(size)
    assert 1 <= budget.enough(wanted, size) <= min(wanted, size // 2)
    assert budget.enough(wanted, 0) == wanted


def test_the_file_keeps_both_directions() -> None:
    data = bytearray(budget.format_file(Flow(1.0, 2.0), Flow(3.0, 4.0)))
    assert budget.is_file(bytes(data))
    assert len(data) == LENGTH
    budget.write_flow(memoryview(data), DOWN, Flow(5.0, 6.0))
    assert (budget.read_flow(data, UP), budget.read_flow(data, DOWN)) == (Flow(1.0, 2.0), Flow(5.0, 6.0))
    assert not budget.is_file(bytes(data[:-1]))
    assert not budget.is_file(bytes(LENGTH))


@pytest.mark.parametrize(("idle", "credit"), [(0.01, 0.01), (0.5, budget.CATCH_UP), (5.0, 0.0), (100.0, 0.0)])
def test_who_is_late_makes_up_for_a_little_and_a_pause_for_nothing(idle: float, credit: float) -> None:
    assert Flow(1000.0, 200.0 - idle).granted(0, 200.0).free == pytest.approx(200.0 - credit)

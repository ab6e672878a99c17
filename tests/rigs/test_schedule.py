"""Which run comes when, and what a busy machine changes in that."""

from __future__ import annotations

from rigs.benchmark.records import Run
from rigs.benchmark.rounds import Care, careful, room, schedule
from rigs.benchmark.scenarios import GIB, SCENARIOS


def test_every_tool_has_its_turn_in_every_round_and_none_is_always_first():
    order = schedule(["a", "b", "c"], 3)
    assert [number for number, _ in order] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    rounds = [[tool for number, tool in order if number == one] for one in (1, 2, 3)]
    assert all(sorted(tools) == ["a", "b", "c"] for tools in rounds)
    assert {tools[0] for tools in rounds} == {"a", "b", "c"}


def played(care, others):
    shares = iter(others)
    return list(careful(care, lambda: Run("A", "weft", 1, others=next(shares))))


def test_a_disturbed_run_is_done_again():
    runs = played(Care(again=2), [0.5, 0.01])
    assert [run.disturbed for run in runs] == [True, False]


def test_the_last_try_counts_whatever_it_was():
    runs = played(Care(again=2), [0.5, 0.6, 0.7])
    assert [run.disturbed for run in runs] == [True, True, False]


def test_without_again_every_run_counts():
    assert [run.disturbed for run in played(Care(), [0.9])] == [False]


def test_a_failed_run_is_not_repeated():
    (run,) = careful(Care(again=5), lambda: Run("A", "weft", 1, problem="broken", others=0.9))
    assert not run.disturbed


def test_room_for_the_payload_and_every_copy():
    assert room(SCENARIOS["C"]) > 5 * GIB

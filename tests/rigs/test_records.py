"""Runs as data: what counts in a summary, and files that give back what was put in."""

from __future__ import annotations

import pytest

from rigs.benchmark import records
from rigs.benchmark.records import Kept, LocalRun, Run, summarise
from rigs.benchmark.scenarios import GIB, MIB


def run(seconds=6.0, tool="weft", scenario="A", **more):
    usual = {"number": 1, "copies": 1.0, "cpu": 1.0, "peak": 20 * MIB}
    return Run(scenario, tool, seconds=seconds, **{**usual, **more})


def test_medians_of_the_good_runs_only():
    runs = [run(6), run(9), run(7), run(1, problem="it broke"), run(50, disturbed=True, others=0.9)]
    (found,) = summarise(runs)
    assert list(found.times) == [6, 7, 9] and found.median == 7
    assert found.failed == 1 and found.others == 0
    assert found.ratio == pytest.approx(7 / 5.3687, abs=1e-3)


def test_worst_memory_and_middle_of_the_rest():
    (found,) = summarise([run(peak=1, copies=1, cpu=2), run(peak=3, copies=2, cpu=4), run(peak=2, copies=9, cpu=9)])
    assert found.peak == 3 and found.copies == 2
    assert found.cpu_per_gib == pytest.approx(4 * GIB / (7 * 64 * MIB))


def test_a_summary_for_each_scenario_and_tool_in_their_order():
    runs = [run(tool="scp"), run(), run(scenario="C"), run(tool="scp")]
    assert [(one.scenario.name, one.tool, len(one.times)) for one in summarise(runs)] == [
        ("A", "scp", 2),
        ("A", "weft", 1),
        ("C", "weft", 1),
    ]


def test_without_a_limit_there_is_no_ratio():
    assert run(scenario="C").ratio is None and summarise([run(scenario="C")])[0].ratio is None


def test_only_failures():
    (found,) = summarise([run(problem="no")])
    assert not found.times and found.failed == 1 and found.median != found.median


def test_files_give_back_what_was_written(tmp_path):
    path = tmp_path / "new" / "A.json"
    kept = Kept({"what": "A", "cores": 2}, [run(details={"piece_size": 5}), LocalRun("scale", 10, 1, seconds=2.5)])
    records.write(path, kept)
    assert records.read(path) == kept
    assert [entry.name for entry in path.parent.iterdir()] == ["A.json"]


def test_nothing_there_is_nothing_and_rubbish_is_named(tmp_path):
    assert records.read(tmp_path / "A.json") is None
    for rubbish in ("", "{}", "[]", '{"runs": [{"scenario": "A"}]}', '{"runs": 5}'):
        (tmp_path / "B.json").write_text(rubbish)
        with pytest.raises(ValueError, match=r"B\.json: not a file of measurements: remove it"):
            records.read(tmp_path / "B.json")

"""T*, against figures worked out by hand."""

from __future__ import annotations

import pytest

from rigs.benchmark.scenarios import MIB, SCENARIOS, Scenario
from tools.sim.limit import BYTES_PER_MBIT, equal_limit_seconds, limit_seconds


@pytest.mark.parametrize(
    ("seed", "ups", "downs", "seconds"),
    [
        (10, [10] * 7, [10] * 7, 10),  # the seed's uplink: 100 / 10
        (100, [100] * 3, [100, 5, 100], 20),  # the slowest downlink: 100 / 5
        (100, [1, 1], [100, 100], 2 * 100 / 102),  # all uplinks together
        (50, [10], [1000], 2),  # one receiver: its own uplink is of no use, but its 60 / 100 is no bound
    ],
)
def test_each_term_can_set_the_limit(seed, ups, downs, seconds):
    assert limit_seconds(100, seed, ups, downs) == pytest.approx(seconds)


def test_the_scenarios_limits_are_those_of_the_design():
    limits = {name: scenario.limit for name, scenario in SCENARIOS.items()}
    assert limits["A"] == pytest.approx(5.37, abs=0.01) and limits["B"] == pytest.approx(2.68, abs=0.01)
    assert limits["C"] is None and limits["D"] is None
    assert limits["zones"] == pytest.approx(10.74, abs=0.01)  # the way into the zone without the seed


def test_equal_links():
    assert equal_limit_seconds(64 * MIB, 100 * BYTES_PER_MBIT, 7) == pytest.approx(64 * MIB * 8 / 100e6)


def test_the_deadline_leaves_time_for_copies_one_after_the_other():
    slow = Scenario("x", 15, 10.0, 64 * MIB)
    assert slow.deadline > 15 * 64 * MIB * 8 / 10e6
    assert SCENARIOS["D"].deadline >= 60

"""What the benchmark of caps calls kept: rates of any two seconds, from the first bytes on, and bursts."""

from __future__ import annotations

import math
from typing import Callable, List

import pytest

from peer.core.budget import MBIT
from rigs.benchmark.capsjudge import BURST, Found, Sample, begin, judge

CAP = 10.0  # Mbit/s
STEP = 0.02


def samples(rate: "Callable[[float], float]", seconds: float = 5.0, at_once: float = 0.0) -> List[Sample]:
    """A counter that goes at `rate(time)` of the cap, after as many bytes at once as it allows in `at_once` seconds."""
    found, total = [Sample(100.0, 7)], 7.0 + at_once * CAP * MBIT
    for number in range(1, round(seconds / STEP)):
        total += rate(number * STEP) * CAP * MBIT * STEP
        found.append(Sample(100.0 + number * STEP, round(total)))
    return found


@pytest.mark.parametrize(
    ("rate", "at_once", "holds"),
    [
        (lambda _: 1.0, 0.0, True),
        (lambda _: 1.04, 0.0, True),
        (lambda _: 0.94, 0.0, False),
        (lambda at: 0.0 if 3.0 < at < 3.09 else 1.0, 0.0, True),
        (lambda at: 0.0 if 3.0 < at < 3.15 else 1.0, 0.0, False),
        (lambda at: 1.5 if 3.0 < at < 3.3 else 1.0, 0.0, False),
        (lambda at: 0.5 if at < 0.5 else 1.0, 0.0, False),  # the first second counts
        (lambda _: 1.0, 0.2, True),
        (lambda _: 1.0, 0.3, False),  # a burst at the very start
    ],
)
def test_a_cap_holds_over_any_two_seconds_and_without_a_burst(
    rate: "Callable[[float], float]", at_once: float, holds: bool
) -> None:
    taken = samples(rate, at_once=at_once)
    found = judge(taken, CAP, begin(taken, CAP))
    assert found.holds is holds, found
    assert str(found).endswith("NO") is not holds


def test_it_begins_with_the_first_bytes_of_the_payload() -> None:
    assert begin(samples(lambda at: 1.0 if at > 2 else 0.001), CAP) == pytest.approx(102.05, abs=0.1)
    assert begin(samples(lambda _: 0.001), CAP) == math.inf


def test_how_long_the_machine_kept_others_waiting_is_told() -> None:
    late = [*samples(lambda _: 1.0), Sample(105.0, 7 + round(5 * CAP * MBIT), late=0.3)]
    assert judge(late, CAP, 100.0).late == 0.3
    assert "300 ms" in str(Found(CAP, CAP, CAP, CAP, BURST, 0.3))

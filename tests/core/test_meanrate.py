"""The mean rate of a work: from when there is something to do, whatever was done in the last moments."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from peer.core.meanrate import MeanRate


@pytest.mark.parametrize(
    ("looks", "rates"),
    [
        ([(10, 0, 0)], [0.0]),
        ([(15, 0, 0), (16, 100, 0), (17, 100, 40)], [0.0, 0.0, 20.0]),  # it began after the look at 15
        ([(12, 100, 20), (14, 100, 40), (14.5, 100, 90), (20, 100, 90)], [10.0, 10.0, 20.0, 9.0]),
        ([(12, 100, 20), (12, 300, 30), (14, 300, 60)], [10.0, 15.0, 15.0]),  # more was found
        ([(10, 100, 50)], [0.0]),  # in no time
        ([(9, 100, 50)], [0.0]),
    ],
)
def test_rate(looks: List[Tuple[float, int, int]], rates: List[float]) -> None:
    mean = MeanRate(10)
    assert [mean.rate(size, done, now) for now, size, done in looks] == rates

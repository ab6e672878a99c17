"""Hosts in batches: how many at a time, and in which order."""

from __future__ import annotations

import pytest

from deploy.core.batches import batches


@pytest.mark.parametrize(
    ("count", "batch", "sizes"),
    [
        (8, "25%", [2, 2, 2, 2]),
        (3, "25%", [1, 1, 1]),
        (5, "50%", [2, 2, 1]),
        (5, "100%", [5]),
        (5, 2, [2, 2, 1]),
        (2, 9, [2]),
        (1, "1%", [1]),
        (0, 2, []),
    ],
)
def test_batches_keep_the_order_and_leave_nobody_out(count: int, batch: int | str, sizes: list[int]) -> None:
    hosts = [f"n{number}" for number in range(count)]
    found = batches(hosts, batch)
    assert [len(one) for one in found] == sizes
    assert [host for part in found for host in part] == hosts

"""Lists in one line."""

from __future__ import annotations

from typing import List

import pytest

from peer.core.listing import listed


@pytest.mark.parametrize(
    "parts, most, expected",
    [
        ([], 2, ""),
        (["a"], 1, "a"),
        (["a", "b"], 2, "a, b"),
        (["a", "b", "c"], 2, "a, b and 1 more"),
        (["a", "b", "c"], 1, "a and 2 more"),
    ],
)
def test_the_first_few_and_how_many_more(parts: List[str], most: int, expected: str) -> None:
    assert listed(parts, most) == expected

"""The set of pieces in a status: what was written is read, short for any payload, and damage is refused."""

from __future__ import annotations

import pytest

from peer.core import bits
from peer.core.noted import came, format_noted, parse_noted
from peer.core.tracer import MOST_PIECES, every_of


@pytest.mark.parametrize("total", [1, 7, 8, 9, 320, MOST_PIECES, MOST_PIECES + 1, 100_000])
def test_what_is_written_is_read(total: int) -> None:
    every = every_of(total)
    for here in (0, 1, bits.full(total), bits.full(total) ^ 1, 1 << (total - 1) // every * every):
        text = format_noted(here, total)
        assert list(came(0, parse_noted(text, total), total)) == [
            one for one in range(0, total, every) if here >> one & 1
        ]
        assert len(text) <= 344


def test_only_what_came_since_is_new() -> None:
    before, now = (parse_noted(format_noted(here, 10), 10) for here in (0b11, 0b1001000011))
    assert list(came(before, now, 10)) == [6, 9]


@pytest.mark.parametrize("text", ["x", "====", "AQ==\n", "é", "//8="])
def test_damage_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_noted(text, 10)

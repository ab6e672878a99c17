"""The spelling of handshakes: which form each neighbour gets, and what changes it."""

from __future__ import annotations

from typing import List

import pytest

from peer.core.handshake import ASCII_STYLE, CLASSIC_STYLE, Style, fleet_style
from peer.core.spelling import Spellings

TAG = fleet_style(b"digest")
NOISE = Style(b"\x01" * 10)


def forms(spellings: Spellings, tries: int) -> List[Style]:
    """What a neighbour gets that hangs up on everything."""
    found = []
    for _ in range(tries):
        found.append(spellings.of(1001).style())
        spellings.of(1001).hung_up()
    return found


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (Spellings(TAG), [TAG, CLASSIC_STYLE, ASCII_STYLE, TAG]),
        (Spellings(TAG, classic=(1001,)), [CLASSIC_STYLE, ASCII_STYLE, CLASSIC_STYLE]),
        (Spellings(TAG, classic=(1002,)), [TAG, CLASSIC_STYLE]),
        (Spellings(TAG, ascii_first=(1001,)), [ASCII_STYLE, CLASSIC_STYLE, ASCII_STYLE]),
        (Spellings(CLASSIC_STYLE), [CLASSIC_STYLE, ASCII_STYLE, CLASSIC_STYLE]),
        (Spellings(CLASSIC_STYLE, ascii_first=(1001,)), [ASCII_STYLE, CLASSIC_STYLE]),
        (Spellings(TAG, keyed=True), [TAG, TAG]),
    ],
)
def test_spellings_take_turns(spellings: Spellings, expected: List[Style]) -> None:
    assert forms(spellings, len(expected)) == expected


def test_what_worked_is_kept() -> None:
    spellings = Spellings(CLASSIC_STYLE)
    assert forms(spellings, 1) == [CLASSIC_STYLE]
    for _ in range(3):
        assert spellings.of(1001).style() == ASCII_STYLE
        spellings.of(1001).answered(ASCII_STYLE)


@pytest.mark.parametrize(
    ("theirs", "next_form"), [(CLASSIC_STYLE, CLASSIC_STYLE), (NOISE, CLASSIC_STYLE), (ASCII_STYLE, ASCII_STYLE)]
)
def test_an_answer_without_our_tag_gets_none_the_next_time(theirs: Style, next_form: Style) -> None:
    spelling = Spellings(TAG).of(1001)
    assert spelling.style() == TAG
    spelling.answered(theirs)
    spelling.hung_up()  # on our tag, after it had answered
    assert spelling.style() == next_form


def test_an_answer_with_our_tag_keeps_it() -> None:
    spelling = Spellings(TAG).of(1001)
    spelling.style()
    spelling.answered(TAG)
    assert spelling.style() == TAG


@pytest.mark.parametrize("theirs", [ASCII_STYLE, CLASSIC_STYLE, TAG])
def test_a_neighbour_that_dialled_us_gets_its_own_spelling(theirs: Style) -> None:
    spelling = Spellings(TAG).of(1001)
    spelling.dialled_us(theirs)
    assert spelling.style() == theirs

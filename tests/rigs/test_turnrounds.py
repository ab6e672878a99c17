"""The soak of turns: its rounds are the seed's, and its judge finds what is wrong."""

from __future__ import annotations

import pytest

from rigs.soaking.operatorrun import Ran
from rigs.soaking.turnrounds import BETWEEN, KINDS, draw, judge

LOST = "`current` is r2 on a, and may be the one before on b; `fab activate r2 --limit 'b,c'` turns it there too"


def test_a_round_is_the_seeds_and_all_kinds_and_moments_come() -> None:
    rounds = [draw("s", number, "abcd", 2.0) for number in range(60)]
    assert rounds == [draw("s", number, "abcd", 2.0) for number in range(60)]
    assert {blow.kind for one in rounds for blow in one} == {*KINDS}
    assert any(blow.at == BETWEEN for one in rounds for blow in one)
    assert all(len({blow.host for blow in one}) == len(one) for one in rounds)


@pytest.mark.parametrize(
    ("current", "ran", "wrong"),
    [
        ("r2 r2 r2", Ran(0, "fine"), ""),
        ("r1 r1 r1", Ran(1, "`current` stays as it was"), ""),
        ("r2 r1 r1", Ran(4, LOST), ""),
        ("r2 r1 r2", Ran(1, LOST), ""),
        ("r1 r2 r2", Ran(1, LOST), "no line names them"),  # a isn't among those that may be late
        ("r2 r1 r2", Ran(1, "something failed"), "no line names them"),
        ("r1 r1 r1", Ran(0, "fine"), "exit code 0, and"),
        ("r2 r2 x", Ran(1, LOST), "c has x"),
        ("r1 r1 r1", Ran(1, ""), "without a word"),
        ("r1 r1 r1", Ran(1, "Traceback (most recent call last)"), "a traceback"),
    ],
)
def test_the_judge_wants_one_release_or_a_line_that_names_the_others(current: str, ran: Ran, wrong: str) -> None:
    found = judge("r1", "r2", dict(zip("abc", current.split())), ran)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found)

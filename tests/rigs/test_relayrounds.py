"""The soak of relays: its rounds are the seed's, and its judge finds what is wrong."""

from __future__ import annotations

from typing import Optional

import pytest

from rigs.soaking.operatorrun import Ran
from rigs.soaking.relayrounds import KINDS, draw_blows, judge_runs

GOOD = Ran(0, "relayed through this machine: 40 MiB, for node[04-05]")
LEFT = Ran(130, "node[04-05] need this machine for every connection")


def test_a_round_is_the_seeds_and_all_kinds_come() -> None:
    rounds = [draw_blows("s", number, "abcde") for number in range(60)]
    assert rounds == [draw_blows("s", number, "abcde") for number in range(60)]
    assert {blow.kind for one in rounds for blow in one} == {*KINDS}


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        (GOOD, None, ""),
        (LEFT, GOOD, ""),
        (Ran(4, "unreachable: node05"), GOOD, ""),
        (Ran(0, "complete"), None, "nothing was relayed"),
        (Ran(130, "interrupted"), GOOD, "didn't say"),
        (Ran(1, ""), GOOD, "without a word"),
        (LEFT, Ran(1, "failed: node04"), "exit code 1"),
        (Ran(1, "Traceback (most recent call last)"), GOOD, "a traceback"),
    ],
)
def test_the_judge_wants_copies_everywhere_at_the_next_up(first: Ran, second: Optional[Ran], wrong: str) -> None:
    found = judge_runs(first, second, left=True)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found)

"""Who reaches whom, the hosts that only dial, and whether the swarm can work."""

from __future__ import annotations

import itertools

import pytest

from deploy.core.checkup import NARROW_REMEDY, Missed, Target
from deploy.core.reach import ALL, ALONE, BY_RELAY, NONE, PROPOSAL, SOME, Reach

NAMES = ("a", "b", "c", "d")


def reach(*vain: str, names: "tuple[str, ...]" = NAMES) -> Reach:
    """`ab`: a doesn't get through to b."""
    dialled = {name: [Target(f"h{other}", 6008, other) for other in names if other != name] for name in names}
    return Reach(dialled, [Missed(one[0], f"h{one[1]}", 6008, "no answer within 4 s") for one in vain])


def closed(*hosts: str) -> "list[str]":
    return [one + other for one, other in itertools.permutations(NAMES, 2) if other in hosts]


@pytest.mark.parametrize(
    ("vain", "stranded"),
    [
        ([], []),
        (closed("a"), []),  # the seed accepts nothing: it dials
        (closed("a", "d"), []),  # they never meet, and have the others
        (closed("a", "b", "c", "d"), ["b", "c", "d"]),
        ([*closed("d"), "da", "db", "dc"], ["d"]),
        (
            [one + other for one, other in itertools.permutations(NAMES, 2) if (one in "ab") != (other in "ab")],
            ["c", "d"],
        ),
    ],
)
def test_the_swarm_can_work_if_the_payload_can_come_to_all(vain: "list[str]", stranded: "list[str]") -> None:
    found = reach(*vain)
    assert found.stranded({"a"}) == stranded
    lines = found.lines({"a"})
    assert bool(lines) == bool(vain)
    if vain:
        assert ("can't work" in lines[-1]) == bool(stranded)


def test_the_matrix_and_who_only_dials() -> None:
    found = reach(*closed("c"), "ba")
    assert [found.reached(name) for name in NAMES] == [SOME, ALL, NONE, ALL]
    assert found.lines({"a"})[:-1] == [
        "   who dials   1  2  3  4  (+ gets through, - doesn't)",
        " 1 a           \\  +  -  +",
        " 2 b           -  \\  -  +",
        " 3 c           +  +  \\  +",
        " 4 d           +  +  -  \\",
        "only dial, and accept nothing: c",
    ]


def test_ways_that_take_small_packets_only_carry_nothing_and_are_told() -> None:
    dialled = {name: [Target(f"h{other}", 6008, other) for other in "abc" if other != name] for name in "abc"}
    found = Reach(dialled, [Missed(*pair, 6008, "no packet of full size", True) for pair in (("a", "hc"), ("c", "ha"))])
    assert [found.reached(name) for name in "abc"] == [SOME, ALL, SOME]
    assert found.stranded({"a"}) == []  # b has it from a, and c from b
    assert found.lines({"a"})[:5] == [
        "   who dials   1  2  3  (+ gets through, - doesn't, n by small packets only)",
        " 1 a           \\  +  n",
        " 2 b           +  \\  +",
        " 3 c           n  +  \\",
        f"between some of a, c only small packets get through, so nothing is carried there: {NARROW_REMEDY}",
    ]


def test_a_host_that_neither_dials_nor_accepts_is_to_be_relayed() -> None:
    found = reach(*closed("d"), "da", "db", "dc")
    assert found.reached("d") == ALONE
    assert PROPOSAL in found.lines({"a"})[-1] and "d and the seeds" in found.lines({"a"})[-1]


def test_a_relayed_host_meets_all() -> None:
    dialled = {name: [Target(f"h{other}", 6008, other) for other in "abc" if other != name] for name in "abc"}
    found = Reach({**dialled, "d": []}, [Missed("a", "hb", 6008, "no answer within 4 s")], ["d"])
    assert [found.reached(name) for name in "abd"] == [ALL, SOME, BY_RELAY]
    assert found.stranded({"a"}) == []
    assert found.lines({"a"})[:3] == [
        "   who dials   1  2  3  4  (+ gets through, - doesn't, r by relay)",
        " 1 a           \\  -  +  r",
        " 2 b           +  \\  +  r",
    ]


def test_no_hosts_and_one() -> None:
    assert reach(names=()).lines(set()) == []
    assert reach(names=("a",)).stranded({"a"}) == []

"""The sets of pieces against a plain model of them, and the two ways to pick one."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Dict, List, Optional, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import bits
from peer.core.picker import pick_random, pick_rarest
from peer.core.pieces import Pieces
from tests.core.fuzz import fuzz
from tests.core.history import set_of

TOTAL = 6
INDEX = st.integers(0, TOTAL - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), INDEX, st.just(0)),
        st.tuples(st.just("ask"), INDEX, st.just(0)),
        st.tuples(st.just("release"), INDEX, st.just(0)),
        st.tuples(st.just("have"), INDEX, st.integers(0, 3)),
        st.tuples(st.just("bitfield"), st.integers(0, 2**TOTAL - 1), st.integers(0, 3)),
        st.tuples(st.just("gone"), st.just(0), st.integers(0, 3)),
    ),
    max_size=25,
)


class Model:
    """The same facts, kept as plainly as can be."""

    def __init__(self) -> None:
        self.here: Set[int] = set()
        self.asked: "Counter[int]" = Counter()
        self.neighbours: Dict[int, int] = {}

    def holders(self, index: int) -> int:
        return sum(pieces >> index & 1 for pieces in self.neighbours.values())


def take(step: str, value: int, neighbour: int, pieces: Pieces, model: Model) -> None:
    """One step, on both."""
    known = model.neighbours.get(neighbour, 0)
    if step == "store":
        pieces.store(value)
        model.here.add(value)
    elif step == "ask":
        pieces.ask(value)
        model.asked[value] += 1
    elif step == "release" and model.asked[value]:
        pieces.release(value)
        model.asked[value] -= 1
    elif step == "have" and not known >> value & 1:
        pieces.gain_one(value)
        model.neighbours[neighbour] = known | 1 << value
    elif step == "bitfield":
        pieces.gain(value & ~known)
        model.neighbours[neighbour] = known | value
    elif step == "gone":
        pieces.lose(model.neighbours.pop(neighbour, 0))


@fuzz
@given(STEPS, st.integers(0, 2**TOTAL - 1))
def test_the_sets_are_what_a_plain_model_says(steps: "List[tuple[str, int, int]]", begin: int) -> None:
    pieces, model = Pieces(TOTAL, begin), Model()
    model.here = set(bits.indices(begin))
    for step, value, neighbour in steps:
        take(step, value, neighbour, pieces, model)
        assert set(bits.indices(pieces.here)) == model.here
        assert pieces.count == len(model.here) and pieces.complete == (len(model.here) == TOTAL)
        assert set(bits.indices(pieces.missing)) == set(range(TOTAL)) - model.here
        assert set(bits.indices(pieces.asked)) == {index for index, count in model.asked.items() if count}
        assert pieces.free == pieces.missing & ~pieces.asked
        assert [pieces.holders(index) for index in range(TOTAL)] == [model.holders(index) for index in range(TOTAL)]
        assert [pieces.askers(index) for index in range(TOTAL)] == [model.asked[index] for index in range(TOTAL)]
        for level, members in enumerate(pieces.rarity):
            assert set(bits.indices(members)) == {i for i in range(TOTAL) if model.holders(i) == level}


def test_an_empty_payload_is_complete() -> None:
    assert Pieces(0).complete


def test_the_classic_pick_is_even_among_the_candidates() -> None:
    pieces = Pieces(10)
    picked = Counter(pick_random(set_of(1, 4, 8), pieces, Random(seed)) for seed in range(600))
    assert set(picked) == {1, 4, 8}
    assert all(140 < count < 260 for count in picked.values())


@pytest.mark.parametrize(
    ("known", "wanted", "allowed"),
    [
        ([], (0, 1, 2), {0, 1, 2}),
        ([(0, 1), (0,)], (0, 1, 2), {2}),
        ([(0, 1), (0,)], (0, 1), {1}),
        ([(0, 1), (0,)], (0,), {0}),
        ([(0, 1, 2), (1, 2)], (1, 2), {1, 2}),
        ([(0,)], (), {None}),
    ],
)
def test_the_fleets_pick_is_one_of_the_rarest(
    known: "List[Tuple[int, ...]]", wanted: "Tuple[int, ...]", allowed: Set[Optional[int]]
) -> None:
    pieces = Pieces(3)
    for theirs in known:
        pieces.gain(set_of(*theirs))
    assert {pick_rarest(set_of(*wanted), pieces, Random(seed)) for seed in range(60)} == allowed


def test_nothing_to_pick_is_none() -> None:
    assert pick_random(0, Pieces(3), Random(0)) is None

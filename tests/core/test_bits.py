"""Sets of pieces: their form on the wire, counting, and drawing from them."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import bits
from tests.core.fuzz import fuzz

SETS = st.sets(st.integers(0, 99))


def set_of(*indices: int) -> int:
    return sum(1 << index for index in indices)


@pytest.mark.parametrize(
    ("indices", "total", "spelled"),
    [
        ((), 0, ""),
        ((), 8, "00"),
        ((0,), 1, "80"),
        ((0,), 8, "80"),
        ((7,), 8, "01"),
        ((8,), 9, "0080"),
        ((0, 1, 2), 3, "e0"),
        ((305,), 306, "00" * 38 + "40"),
    ],
)
def test_the_high_bit_of_the_first_byte_is_piece_0(indices: "tuple[int, ...]", total: int, spelled: str) -> None:
    assert bits.to_wire(set_of(*indices), total).hex() == spelled
    assert bits.from_wire(bytes.fromhex(spelled), total) == set_of(*indices)
    assert bits.wire_length(total) == len(spelled) // 2


@fuzz
@given(SETS, st.integers(0, 40))
def test_there_and_back(indices: "set[int]", more: int) -> None:
    pieces, total = set_of(*indices), max(indices, default=-1) + 1 + more
    assert bits.from_wire(bits.to_wire(pieces, total), total) == pieces
    assert bits.count(pieces) == len(indices)
    assert list(bits.indices(pieces)) == sorted(indices)
    assert pieces & ~bits.full(total) == 0


@fuzz
@given(SETS.filter(bool), st.integers())
def test_a_random_bit_is_one_of_the_set(indices: "set[int]", seed: int) -> None:
    assert bits.random_bit(set_of(*indices), Random(seed)) in indices


def test_every_piece_of_a_dense_set_is_drawn_about_equally_often() -> None:
    rng = Random(1)
    drawn = Counter(bits.random_bit(set_of(*range(0, 20, 2)), rng) for _ in range(5000))
    assert sorted(drawn) == list(range(0, 20, 2))
    assert max(drawn.values()) < 1.5 * min(drawn.values())


def test_a_lone_piece_far_up_is_found() -> None:
    assert bits.random_bit(1 << 100_000, Random(0)) == 100_000

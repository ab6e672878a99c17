"""Whom to unchoke: tables of neighbours, with chance handed in."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import List, NamedTuple, Sequence, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.choker import ClassicChoker, FleetChoker
from peer.core.neighbour import Neighbour
from tests.core.fuzz import fuzz


class Row(NamedTuple):
    """A neighbour as the choker sees it: `gave` bytes in the last interval."""

    peer: int
    gave: int = 0
    wants: bool = True


def neighbours_of(*rows: Row) -> List[Neighbour]:
    found = []
    for row in rows:
        neighbour = Neighbour(row.peer, 10)
        neighbour.interval_bytes, neighbour.wants_ours = row.gave, row.wants
        found.append(neighbour)
    return found


def classic(preferred: int, seed: int = 0) -> ClassicChoker:
    """A choker of intervals 5 s and 15 s, begun at 0 s."""
    choker = ClassicChoker(preferred, 5.0, 15.0, Random(seed))
    choker.due(0.0)
    return choker


@pytest.mark.parametrize(
    ("preferred", "rows", "chosen"),
    [
        (2, [Row(1, 10), Row(2, 30), Row(3, 20)], {2, 3}),
        (1, [Row(1, 10), Row(2, 30), Row(3, 20)], {2}),
        (5, [Row(1, 10), Row(2, 30)], {1, 2}),
        (2, [Row(1, 10), Row(2, 30, wants=False), Row(3, 20)], {1, 3}),
        (2, [Row(1, 10, wants=False), Row(2, 30, wants=False)], set()),
        (2, [Row(1, 0), Row(2, 0), Row(3, 5)], {3}),  # and one of the two others
        (0, [Row(1, 10)], set()),
        (2, [], set()),
    ],
)
def test_the_interested_that_gave_most_are_preferred(preferred: int, rows: List[Row], chosen: Set[int]) -> None:
    choker = classic(preferred)
    unchoked = choker.choose(neighbours_of(*rows), complete=False, now=5.0)
    wanting = sum(row.wants for row in rows)
    assert chosen <= unchoked == choker.preferred
    assert len(unchoked) == min(preferred, wanting)


def test_ties_are_broken_at_random_and_never_by_comparing_neighbours() -> None:
    rows = [Row(1, 7), Row(2, 7), Row(3, 7), Row(4, 9)]
    chosen = Counter(
        peer for seed in range(300) for peer in classic(2, seed).choose(neighbours_of(*rows), complete=False, now=5.0)
    )
    assert chosen[4] == 300
    assert all(60 < chosen[peer] < 140 for peer in (1, 2, 3))


def test_a_complete_peer_prefers_at_random_whatever_it_was_given() -> None:
    rows = [Row(1, 100), Row(2), Row(3), Row(4, wants=False)]
    chosen = Counter(
        peer for seed in range(300) for peer in classic(1, seed).choose(neighbours_of(*rows), complete=True, now=5.0)
    )
    assert chosen[4] == 0
    assert all(60 < chosen[peer] < 140 for peer in (1, 2, 3))


def test_what_was_given_counts_for_one_interval() -> None:
    choker = classic(1)
    neighbours = neighbours_of(Row(1, 10), Row(2, 5))
    assert choker.choose(neighbours, complete=False, now=5.0) == {1}
    neighbours[1].interval_bytes += 1
    assert choker.choose(neighbours, complete=False, now=10.0) == {2}


def test_choices_are_made_at_their_times_only() -> None:
    choker = classic(1)
    neighbours = neighbours_of(Row(1, 10), Row(2, 20))
    assert choker.due(0.0) == 5.0
    assert choker.choose(neighbours, complete=False, now=4.9) == frozenset()
    assert choker.choose(neighbours, complete=False, now=5.0) == {2}
    neighbours[0].interval_bytes = 99
    assert choker.choose(neighbours, complete=False, now=9.9) == {2}
    assert choker.due(9.9) == 10.0
    assert choker.choose(neighbours, complete=False, now=10.0) == {1}
    assert choker.due(10.0) == 15.0


def test_the_optimistic_one_is_choked_and_interested_and_never_preferred_when_it_is_picked() -> None:
    for seed in range(100):
        choker = classic(1, seed)
        neighbours = neighbours_of(Row(1, 10), Row(2), Row(3), Row(4, wants=False))
        unchoked = choker.choose(neighbours, complete=False, now=15.0)
        assert choker.preferred == {1}
        assert choker.favourite in (2, 3)
        assert unchoked == {1, choker.favourite}


def test_each_choked_one_has_the_same_chance() -> None:
    rows = [Row(1, 10), Row(2), Row(3), Row(4)]
    picked: "Counter[int | None]" = Counter()
    for seed in range(300):
        choker = classic(1, seed)
        choker.choose(neighbours_of(*rows), complete=False, now=15.0)
        picked[choker.favourite] += 1
    assert all(60 < picked[peer] < 140 for peer in (2, 3, 4))


def test_the_optimistic_one_may_become_preferred_later_and_another_is_picked_next() -> None:
    choker = classic(1)
    neighbours = neighbours_of(Row(1, 10), Row(2))
    choker.choose(neighbours, complete=False, now=15.0)
    assert (set(choker.preferred), choker.favourite) == ({1}, 2)
    neighbours[1].interval_bytes = 50
    assert choker.choose(neighbours, complete=False, now=20.0) == {2}
    choker.choose(neighbours, complete=False, now=25.0)
    neighbours[1].interval_bytes = 50
    choker.choose(neighbours, complete=False, now=30.0)
    assert (set(choker.preferred), choker.favourite) == ({2}, 1)


def test_the_optimistic_one_stays_where_nobody_else_waits() -> None:
    choker = classic(0)
    neighbours = neighbours_of(Row(1))
    for now in (15.0, 30.0, 45.0):
        assert choker.choose(neighbours, complete=False, now=now) == {1}
    neighbours[0].wants_ours = False
    assert choker.choose(neighbours, complete=False, now=60.0) == frozenset()


def test_who_is_gone_is_forgotten() -> None:
    choker = classic(1)
    neighbours = neighbours_of(Row(1, 10), Row(2))
    choker.choose(neighbours, complete=False, now=15.0)
    choker.forget(1)
    choker.forget(2)
    assert (choker.preferred, choker.favourite) == (frozenset(), None)
    assert choker.choose(neighbours[:0], complete=False, now=16.0) == frozenset()


def test_the_same_chance_gives_the_same_choices() -> None:
    def choices(seed: int) -> List[Sequence[int]]:
        choker = classic(2, seed)
        neighbours = neighbours_of(*(Row(peer) for peer in range(8)))
        return [sorted(choker.choose(neighbours, complete=True, now=now)) for now in range(0, 100, 5)]

    assert choices(3) == choices(3)
    assert choices(3) != choices(4)


ROWS = st.lists(st.builds(Row, st.integers(0, 9), st.integers(0, 50), st.booleans()), unique_by=lambda row: row.peer)


@fuzz
@given(st.integers(0, 4), st.integers(0, 99), st.lists(ROWS, min_size=1, max_size=4), st.booleans())
def test_the_rules_hold_for_any_neighbours(preferred: int, seed: int, rounds: List[List[Row]], complete: bool) -> None:
    choker = classic(preferred, seed)
    for turn, rows in enumerate(rounds, start=1):
        wanting = {row.peer for row in rows if row.wants}
        before = choker.favourite
        unchoked = choker.choose(neighbours_of(*rows), complete, now=15.0 * turn)
        assert choker.preferred <= wanting and len(choker.preferred) == min(preferred, len(wanting))
        assert unchoked == choker.preferred | ({choker.favourite} - {None})
        if choker.favourite is not None:
            assert choker.favourite in wanting - choker.preferred
        if wanting - choker.preferred - {before}:
            assert choker.favourite not in (None, before)
        gave = {row.peer: row.gave for row in rows}
        if choker.preferred and not complete:
            least = min(gave[peer] for peer in choker.preferred)
            assert all(gave[peer] <= least for peer in wanting - choker.preferred)


def test_the_fleet_unchokes_everybody_at_once() -> None:
    choker = FleetChoker()
    assert choker.choose(neighbours_of(Row(1), Row(2, wants=False)), complete=False, now=0.0) == {1, 2}
    assert choker.due(0.0) == float("inf")
    choker.forget(1)
    assert (choker.preferred, choker.favourite) == (frozenset(), None)

"""The fleet's graph: connected, of bounded degree, and the same from every peer's view."""

from __future__ import annotations

from random import Random
from typing import Dict, FrozenSet, Iterable, List

import pytest

from peer.core.graph import neighbours


def graph_of(ids: List[int], degree: int) -> Dict[int, FrozenSet[int]]:
    return {me: neighbours(me, ids, degree) for me in ids}


def reached(graph: Dict[int, FrozenSet[int]], without: Iterable[int] = ()) -> Dict[int, int]:
    """Whom the first peer reaches, in how many steps, when some are gone."""
    gone = set(without)
    start = next(peer for peer in graph if peer not in gone)
    steps = {start: 0}
    queue = [start]
    for peer in queue:
        for other in graph[peer] - gone - steps.keys():
            steps[other] = steps[peer] + 1
            queue.append(other)
    return steps


CASES = [(count, degree) for count in (1, 2, 3, 5, 17, 18, 40, 120) for degree in (1, 2, 3, 4, 16)]


@pytest.mark.parametrize(("count", "degree"), CASES)
def test_every_graph_is_symmetric_connected_and_bounded(count: int, degree: int) -> None:
    ids = list(range(1001, 1001 + count))
    graph = graph_of(ids, degree)
    for me, others in graph.items():
        assert me not in others
        assert all(me in graph[other] for other in others)
        assert len(others) <= max(degree, 2)
    assert len(reached(graph)) == count


@pytest.mark.parametrize("count", [2, 5, 17])
def test_a_small_swarm_is_everybody_with_everybody(count: int) -> None:
    ids = list(range(count))
    assert graph_of(ids, 16) == {me: frozenset(ids) - {me} for me in ids}


def test_every_peer_computes_the_same_graph_whatever_the_order_of_the_rows() -> None:
    ids = [Random(3).randrange(2**32) for _ in range(60)]
    graph = graph_of(ids, 8)
    shuffled = ids[:]
    Random(4).shuffle(shuffled)
    assert graph_of(shuffled, 8) == graph


def test_the_graph_is_the_same_for_every_version_of_this_program() -> None:
    """Peers of two versions meet in one swarm: this very graph is a part of the protocol."""
    assert sorted(neighbours(1001, range(1001, 1021), 4)) == [1004, 1014, 1016, 1020]
    assert sorted(neighbours(1001, range(1001, 1041), 4)) == [1004, 1014, 1027, 1038]


@pytest.mark.parametrize("count", range(10, 49))
def test_in_a_swarm_of_few_peers_each_has_as_many_neighbours_as_any_other(count: int) -> None:
    graph = graph_of(list(range(1001, 1001 + count)), 8)
    assert {len(others) for others in graph.values()} == {8}
    assert max(reached(graph).values()) <= 3


def test_seven_losses_leave_an_even_graph_connected() -> None:
    ids = list(range(1001, 1025))
    graph = graph_of(ids, 8)
    for chance in range(100):
        gone = Random(chance).sample(ids, 7)
        assert len(reached(graph, gone)) == len(ids) - len(gone)


def test_peers_are_few_steps_apart_and_losses_do_not_split_them() -> None:
    ids = list(range(1001, 1201))
    graph = graph_of(ids, 16)
    assert max(reached(graph).values()) <= 4
    gone = Random(5).sample(ids, 40)
    assert len(reached(graph, gone)) == len(ids) - len(gone)


def test_the_degree_stays_bounded_in_a_large_swarm() -> None:
    ids = list(range(1001, 2001))
    assert all(8 <= len(neighbours(me, ids, 16)) <= 16 for me in ids[::200])

"""Which peers of a fleet swarm are neighbours: every peer computes the same graph from PeerInfo.cfg alone."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Dict, FrozenSet, Iterator, List, Sequence, Set, Tuple

FEW = 6  # times the degree: among so many peers each has the same number of neighbours
SPREAD = 1.2  # found by trying (`tools/simulate.py`): for swarms of 10 to 48 peers no other is much better


def neighbours(me: int, peer_ids: Sequence[int], degree: int) -> FrozenSet[int]:
    """My neighbours, at most about `degree` of them; all peers if the swarm is small enough.

    The graph of many peers is the union of degree/2 rings over all, each in an order drawn from a hash. One ring alone
    keeps it connected, several random ones make it an expander: a thousand peers are about four steps apart, and the
    loss of some peers doesn't split it. A hash and not `random`, because two versions of Python must agree. That of few
    peers is even.
    """
    if len(peer_ids) <= FEW * degree:
        return _even(tuple(peer_ids), degree)[me]
    found: List[int] = []
    for order in _rings(peer_ids, degree):
        place = order.index(me)
        found += (order[place - 1], order[(place + 1) % len(order)])
    return frozenset(found) - {me}


def all_neighbours(peer_ids: Sequence[int], degree: int) -> Dict[int, FrozenSet[int]]:
    """The neighbours of every peer, to examine the complete graph."""
    if len(peer_ids) <= FEW * degree:
        return _even(tuple(peer_ids), degree)
    found: Dict[int, Set[int]] = {me: set() for me in peer_ids}
    for order in _rings(peer_ids, degree):
        for one, other in zip(order, order[1:] + order[:1]):
            found[one].add(other)
            found[other].add(one)
    return {me: frozenset(near) - {me} for me, near in found.items()}


def even_neighbours(order: Sequence[int], degree: int) -> Dict[int, FrozenSet[int]]:
    """The neighbours of every peer of a small group, `degree` each: those so many steps away in `order`, both ways.

    Among few peers random rings often join the same two, and whoever has half the neighbours gets pieces at half the
    rate: that one would be the last by far. The steps are powers, so that few of them lead anywhere.
    """
    if len(order) <= degree + 1:
        return {me: frozenset(order) - {me} for me in order}
    steps = _steps(len(order), max(1, degree // 2))
    return {
        me: frozenset(order[(place + way) % len(order)] for step in steps for way in (step, -step))
        for place, me in enumerate(order)
    }


def _steps(peers: int, count: int) -> List[int]:
    """So many different steps, each less than half of the way round; they grow as the powers of a number do."""
    steps: List[int] = []
    for power in range(count):
        step = round(SPREAD * peers ** (power / count))
        steps.append(max(step, steps[-1] + 1) if steps else step)
    most = (peers - 1) // 2
    return [min(step, most - place) for step, place in zip(steps, range(count - 1, -1, -1))]


@lru_cache(maxsize=4)
def _even(peers: Tuple[int, ...], degree: int) -> Dict[int, FrozenSet[int]]:
    return even_neighbours(_ring(peers, 0), degree)


def _rings(peer_ids: Sequence[int], degree: int) -> Iterator[Tuple[int, ...]]:
    peers = tuple(peer_ids)
    return (_ring(peers, ring) for ring in range(max(1, degree // 2)))


@lru_cache(maxsize=64)  # a peer asks for its neighbours several times while it begins
def _ring(peers: Tuple[int, ...], ring: int) -> Tuple[int, ...]:
    return tuple(sorted(peers, key=lambda peer_id: hashlib.sha256(f"{ring} {peer_id}".encode()).digest()))

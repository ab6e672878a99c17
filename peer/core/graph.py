"""Which peers of a fleet swarm are neighbours: every peer computes the same graph from PeerInfo.cfg alone."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Dict, FrozenSet, Iterator, List, Sequence, Set, Tuple


def neighbours(me: int, peer_ids: Sequence[int], degree: int) -> FrozenSet[int]:
    """My neighbours, at most about `degree` of them; all peers if the swarm is small enough.

    The graph is the union of degree/2 rings over all peers, each in an order drawn from a hash. One ring alone keeps it
    connected, several random ones make it an expander: a thousand peers are about four steps apart, and the loss of
    some peers doesn't split it. A hash and not `random`, because two versions of Python must agree.
    """
    if len(peer_ids) <= degree + 1:
        return frozenset(peer_ids) - {me}
    found: List[int] = []
    for order in _rings(peer_ids, degree):
        place = order.index(me)
        found += (order[place - 1], order[(place + 1) % len(order)])
    return frozenset(found) - {me}


def all_neighbours(peer_ids: Sequence[int], degree: int) -> Dict[int, FrozenSet[int]]:
    """The neighbours of every peer, to examine the complete graph."""
    if len(peer_ids) <= degree + 1:
        return {me: frozenset(peer_ids) - {me} for me in peer_ids}
    found: Dict[int, Set[int]] = {me: set() for me in peer_ids}
    for order in _rings(peer_ids, degree):
        for one, other in zip(order, order[1:] + order[:1]):
            found[one].add(other)
            found[other].add(one)
    return {me: frozenset(near) - {me} for me, near in found.items()}


def even_neighbours(order: Sequence[int], degree: int) -> Dict[int, FrozenSet[int]]:
    """The neighbours of every peer of a small group, `degree` each: who stands near it in `order`, and far away.

    Among few peers random rings often join the same two, and whoever has half the neighbours gets pieces at half the
    rate. That one would be the last by far.
    """
    if len(order) <= degree + 1:
        return all_neighbours(order, degree)
    half = max(1, degree // 2)
    close = (half + 1) // 2
    far = max(close + 1, len(order) // 3)
    steps = [*range(1, close + 1), *range(far, far + half - close)]
    return {
        me: frozenset(order[(place + way) % len(order)] for step in steps for way in (step, -step)) - {me}
        for place, me in enumerate(order)
    }


def _rings(peer_ids: Sequence[int], degree: int) -> Iterator[Tuple[int, ...]]:
    peers = tuple(peer_ids)
    return (_ring(peers, ring) for ring in range(max(1, degree // 2)))


@lru_cache(maxsize=64)  # a peer asks for its neighbours several times while it begins
def _ring(peers: Tuple[int, ...], ring: int) -> Tuple[int, ...]:
    return tuple(sorted(peers, key=lambda peer_id: hashlib.sha256(f"{ring} {peer_id}".encode()).digest()))

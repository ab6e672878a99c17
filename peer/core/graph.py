"""Who is whose neighbour in a fleet swarm: computed alike by every peer from PeerInfo.cfg alone."""

from __future__ import annotations

import hashlib
from typing import FrozenSet, List, Sequence


def neighbours(me: int, peer_ids: Sequence[int], degree: int) -> FrozenSet[int]:
    """My neighbours, at most about `degree` of them; everybody where the swarm is small enough.

    The graph is the union of degree/2 rings over all peers, each in an order drawn from a hash. One ring alone keeps it
    connected, several random ones make it an expander: a thousand peers are three steps apart, and the loss of
    some peers doesn't split it. A hash and not `random`, because two versions of Python must agree.
    """
    if len(peer_ids) <= degree + 1:
        return frozenset(peer_ids) - {me}
    found: List[int] = []
    for ring in range(max(1, degree // 2)):
        order = _ring(peer_ids, ring)
        place = order.index(me)
        found += (order[place - 1], order[(place + 1) % len(order)])
    return frozenset(found) - {me}


def _ring(peer_ids: Sequence[int], ring: int) -> List[int]:
    return sorted(peer_ids, key=lambda peer_id: hashlib.sha256(f"{ring} {peer_id}".encode()).digest())

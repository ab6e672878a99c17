"""Zones (racks, sites) of a fleet swarm: who is a neighbour across them, and who of a zone fetches which pieces there.

A zone is a path, as site/rack; whatever shares a path so far is a unit among those beside it. Most neighbours are of
one's own zone. Some peers of each unit, its gates, are connected with gates of the units beside it, and each piece has
one gate in each unit, which fetches it from outside for all others. It follows from the zones alone, so all peers
compute the same.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from peer.core import graph
from peer.core.tuples import NamedTuple

MOST_GATES = 8  # of a unit
TAKERS = 16  # neighbours of a seed, at most
MOST_BESIDE = 8  # units that a unit is joined with, about

ALL = -1  # as a set: whatever there is

Unit = Tuple[str, ...]


class Border(NamedTuple):
    """What a neighbour of another zone is for. `turns`: the set that we fetch from it now, then those for later turns.

    `depth`: how many parts of their paths are the same: more are nearer. `carried`: the set of pieces that our unit
    alone fetches from the neighbour's, where a seed is and the way out is scarce; other units have the rest for us.
    """

    depth: int
    turns: Tuple[int, ...]
    carried: int = ALL


class Zones:
    """The zones of all who take part. `zones`: path of each peer, "" for none, in the order of PeerInfo.cfg."""

    def __init__(self, zones: Mapping[int, str], seeds: Sequence[int], degree: int) -> None:
        self._seeds = frozenset(seeds)
        self._degree = degree
        deepest = max(len(zone.split("/")) for zone in zones.values())
        self._parts: Dict[int, Unit] = {}
        self._members: Dict[Unit, List[int]] = {}
        self._gates: Dict[Unit, List[int]] = {}
        self._even: Dict[Unit, Dict[int, FrozenSet[int]]] = {}
        for peer, zone in zones.items():
            parts = zone.split("/")
            path = self._parts[peer] = tuple(parts + [""] * (deepest - len(parts)))
            for depth in range(deepest + 1):
                self._members.setdefault(path[:depth], []).append(peer)
        self._beside: Dict[Unit, List[Unit]] = {}
        for unit in sorted(self._members):
            if unit:
                self._beside.setdefault(unit[:-1], []).append(unit)

    # ---- the graph

    def neighbours(self, me: int) -> FrozenSet[int]:
        """Of a peer: in its zone, and across it where the peer is a gate, or a seed or fed by one."""
        found: Set[int] = set(self._given(me) if me in self._seeds else self._inside(me))
        for unit in self._units(me):
            for other in self._near(unit):
                found |= self._joined(me, unit, other)
        if me not in self._seeds:
            found |= {seed for seed in self._seeds if me in self._given(seed)}
        return frozenset(found) - {me}

    def _inside(self, me: int) -> FrozenSet[int]:
        zone = self._parts[me]
        receivers = [peer for peer in self._members[zone] if peer not in self._seeds]
        if len(receivers) > graph.FEW * self._degree:
            return graph.neighbours(me, receivers, self._degree)
        if zone not in self._even:
            self._even[zone] = graph.even_neighbours(self._mixed(zone, receivers), self._degree)
        return self._even[zone][me]

    def _mixed(self, zone: Unit, receivers: Sequence[int]) -> List[int]:
        """The receivers of a zone in an order that spreads those who serve other zones too, and whom a seed feeds."""
        gates = frozenset(self._gates_of(zone))
        fed = {peer for seed in self._seeds for peer in self._given(seed)}
        drawn = sorted(receivers, key=lambda peer: _draw(f"order {peer}"))
        groups: List[List[int]] = [[], [], []]
        for peer in drawn:
            groups[0 if peer in fed else 1 if peer in gates else 2].append(peer)
        spots = [((at + 0.5) / len(group), peer) for group in groups for at, peer in enumerate(group)]
        return [peer for _, peer in sorted(spots)]

    def _joined(self, me: int, unit: Unit, other: Unit) -> Set[int]:
        """Whom of another unit: gate with gate, by their numbers."""
        ours, theirs = self._gates_of(unit), self._gates_of(other)
        pairs = ((ours[n % len(ours)], theirs[n % len(theirs)]) for n in range(max(len(ours), len(theirs))))
        return {there for here, there in pairs if here == me}

    def _near(self, unit: Unit) -> List[Unit]:
        """The units beside this one that it is joined with."""
        beside = self._beside[unit[:-1]]
        near = graph.neighbours(beside.index(unit), range(len(beside)), MOST_BESIDE)
        return [beside[place] for place in sorted(near)]

    def _given(self, seed: int) -> FrozenSet[int]:
        """Whom a seed feeds: of the units beside one another the same number of gates each, for different pieces."""
        beside = next(units for units in self._beside_of(seed) if len(units) > 1)
        takers = [
            self._gates_of(unit)[(place + turn) % len(self._gates_of(unit))]
            for turn in range(max(1, TAKERS // len(beside)))
            for place, unit in enumerate(beside)
        ]
        return frozenset(takers[:TAKERS]) - {seed}

    def _beside_of(self, peer: int) -> List[List[Unit]]:
        return [self._beside[unit[:-1]] for unit in self._units(peer)]

    def _units(self, peer: int) -> List[Unit]:
        """Those that a peer belongs to, the largest first."""
        parts = self._parts[peer]
        return [parts[: depth + 1] for depth in range(len(parts))]

    def _gates_of(self, unit: Unit) -> List[int]:
        """The gates of a unit, the first one first; seeds only where there is nobody else."""
        if unit not in self._gates:
            members = self._members[unit]
            able = [peer for peer in members if peer not in self._seeds] or members
            self._gates[unit] = sorted(able, key=lambda peer: _draw(f"{'/'.join(unit)} {peer}"))[:MOST_GATES]
        return self._gates[unit]

    # ---- who fetches what

    def border(self, me: int, other: int, total: int) -> Optional[Border]:
        """What `me` fetches from a neighbour, of `total` pieces; None if both are of one zone."""
        mine, theirs = self._parts[me], self._parts[other]
        if mine == theirs:
            return None
        depth = next(place for place, (one, two) in enumerate(zip(mine, theirs)) if one != two)
        unit = mine[: depth + 1]
        gates = self._gates_of(unit)
        if me not in gates:
            return Border(depth, ())
        number = gates.index(me)
        shares = [_every(len(gates), (number - turn) % len(gates), total) for turn in range(len(gates))]
        return Border(depth, tuple(shares), self._carried(unit, theirs[: depth + 1], len(gates), total))

    def _carried(self, unit: Unit, other: Unit, gates: int, total: int) -> int:
        """Of all pieces those that this unit fetches from another for all units without a seed: a part for each."""
        takers = [near for near in self._near(other) if not self._has_seed(near)]
        if unit not in takers or not self._has_seed(other):
            return ALL
        return _blocks(gates, len(takers), takers.index(unit), total)

    def _has_seed(self, unit: Unit) -> bool:
        return not self._seeds.isdisjoint(self._members[unit])

    def meant_for(self, seed: int, taker: int, total: int) -> int:
        """The set of pieces that a seed gives to this neighbour before others: those for which it is a gate."""
        border = self.border(taker, seed, total)
        if border:
            return border.turns[0] if border.turns else 0
        gates = self._gates_of(self._parts[taker])
        return _every(len(gates), gates.index(taker), total) if taker in gates else 0


@lru_cache(maxsize=4)
def zones_of(zones: Tuple[Tuple[int, str], ...], seeds: Tuple[int, ...], degree: int) -> Zones:
    """The zones of these peers, each with its path."""
    return Zones(dict(zones), seeds, degree)


def _every(step: int, first: int, total: int) -> int:
    """The set of every `step`th of `total` pieces."""
    count = len(range(first, total, step))
    return ((1 << step * count) - 1) // ((1 << step) - 1) << first


def _blocks(size: int, step: int, first: int, total: int) -> int:
    """The set of every `step`th block of `size` of `total` pieces."""
    starts = range(first * size, total, step * size)
    return sum(((1 << size) - 1) << start for start in starts) & ((1 << total) - 1)


def _draw(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()

"""Builds complete swarms in a world: the peers, the profile of each, the rates of their links."""

from __future__ import annotations

from typing import List, NamedTuple, Sequence

from peer.core import bits
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.setup import Setup
from peer.core.swarmfile import CLASSIC, FLEET
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

FIRST_ID, FIRST_PORT = 1001, 6008


class Habits(NamedTuple):
    """What the peers of a swarm agree on; `preferred` and the intervals (seconds) count for classic peers."""

    limits: Limits = Limits()
    preferred: int = 2
    unchoking: float = 1.0
    optimistic: float = 2.0


USUAL = Habits()


def pieces_of(world: World) -> int:
    """How many pieces the world's payload has."""
    return -(-world.size // world.piece_size)


def build(
    world: World, profiles: Sequence[str], seeds: Sequence[int], rates: Sequence[Rates], habits: Habits = USUAL
) -> List[SimPeer]:
    """One peer for each of `profiles`, in PeerInfo order; `seeds`: places in that order. `World.begin` starts each."""
    common = Common(*habits[1:], "TheFile.dat", world.size, world.piece_size)
    rows = tuple(
        PeerRow(FIRST_ID + place, "localhost", FIRST_PORT + place, place in seeds) for place in range(len(profiles))
    )
    total = pieces_of(world)
    return [
        world.add(
            Setup(row.peer_id, rows, common, profile, habits.limits, total),
            rate,
            bits.full(total) if row.has_file else 0,
            row.has_file,
        )
        for row, profile, rate in zip(rows, profiles, rates)
    ]


def uniform(
    world: World, count: int, profile: str = FLEET, rate: float = 10e6, habits: Habits = USUAL
) -> List[SimPeer]:
    """A swarm of `count` peers alike, the first of which is the seed; `rate`: bytes a second, up and down."""
    assert profile in (CLASSIC, FLEET)
    return build(world, [profile] * count, [0], [Rates(rate, rate)] * count, habits)

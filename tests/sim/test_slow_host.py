"""A slow host slows nobody else: the same simulated swarm with and without it, side by side."""

from __future__ import annotations

from statistics import median
from typing import List, Tuple

import pytest

from peer.core.limits import Limits
from peer.core.swarmfile import FLEET
from tools.sim.build import Habits, build
from tools.sim.wires import Rates
from tools.sim.world import World

KIB, MIB = 1024, 1024 * 1024
RATE = 12_500_000.0  # bytes a second: 100 Mbit/s
RECEIVERS = 7
SLOWER = 20
MOST = 1.10  # times as long as without the slow one
SIZES = ((64 * MIB, 256 * KIB), (16 * MIB, 64 * KIB))


def others_complete(seed: int, size: int, piece: int, slow: int, slower: float) -> Tuple[float, float]:
    """Simulated seconds until the last receiver but `slow` is complete, and until that one is."""
    world = World(seed, piece, size)
    world.wires.chunk = 16 * KIB
    rates: List[Rates] = [Rates(RATE, RATE)] * (RECEIVERS + 1)
    rates[slow] = Rates(RATE / slower, RATE / slower)
    peers = build(world, [FLEET] * len(rates), [0], rates, Habits(Limits(patience=600.0)))
    for peer in peers:
        world.begin(peer)
    assert world.run(10_000)
    done = {place: peer.completed for place, peer in enumerate(peers) if place}
    own = done.pop(slow)
    assert own is not None
    return max(moment for moment in done.values() if moment is not None), own


@pytest.mark.parametrize("size, piece", SIZES)
def test_one_of_seven_at_a_twentieth_of_the_rate_slows_no_other_by_more_than_a_tenth(size: int, piece: int) -> None:
    """In the middle of several seeds: which piece comes last is chance, with the slow one and without."""
    without, beside = [], []
    for seed in range(5):
        slow = 1 + seed * 2 % RECEIVERS
        without.append(others_complete(seed, size, piece, slow, 1)[0])
        others, own = others_complete(seed, size, piece, slow, SLOWER)
        beside.append(others)
        assert own > 5 * others, "it has to be slow for this test to mean anything"
        assert own < MOST * SLOWER * size / RATE, "and it gets what its link can take"
    assert median(beside) <= MOST * median(without)

"""Several seeds: each sends its part of the payload, as fast as its link lets it."""

from __future__ import annotations

from typing import Sequence

import pytest

from peer.core.swarmfile import FLEET
from tools.sim.build import build
from tools.sim.wires import Rates
from tools.sim.world import World

PIECES, PIECE = 128, 64 * 1024
SIZE = PIECES * PIECE
FAST, SLOW = 12_500_000.0, 3_000_000.0  # bytes a second


@pytest.mark.parametrize(
    ("ups", "receivers"),
    [
        ([SLOW, SLOW], 1),  # as with --limit newhost
        ([SLOW, SLOW], 6),
        ([SLOW, SLOW, SLOW], 12),
        ([SLOW] * 5, 1),
        ([FAST / 2, SLOW / 3], 1),
        ([FAST / 2, SLOW / 3], 6),
    ],
    ids=str,
)
def test_all_seeds_send_and_nothing_twice(ups: Sequence[float], receivers: int) -> None:
    world = World(1, PIECE, SIZE)
    world.wires.chunk = 16 * 1024
    rates = [Rates(up, up) for up in ups] + [Rates(FAST, FAST)] * receivers
    peers = build(world, [FLEET] * len(rates), range(len(ups)), rates)
    for peer in peers:
        world.begin(peer)
    assert world.run(1000)
    took = max(peer.completed or 1000.0 for peer in peers[len(ups) :])
    least = max(SIZE / sum(ups), SIZE / FAST, receivers * SIZE / (sum(ups) + receivers * FAST))
    assert took <= 1.5 * least
    assert sum(peer.sent_pieces for peer in peers[: len(ups)]) <= 1.25 * PIECES

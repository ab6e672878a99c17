"""Which of the seeds sends each piece first."""

from __future__ import annotations

from itertools import compress
from typing import Dict

from peer.core import bits
from peer.core.setup import Setup


def shares_of(setup: Setup) -> Dict[int, int]:
    """By seed: the set of the pieces that it sends first, dealt in turn. What needn't travel is in none."""
    still = setup.repeats.still if setup.repeats else 0
    seeds = setup.seeds
    rows = {seed: bytearray(setup.total // 8 + 1) for seed in seeds}
    moving = compress(range(setup.total), bits.flags(bits.full(setup.total) & ~still))
    for place, index in enumerate(moving):
        rows[seeds[place % len(seeds)]][index >> 3] |= 1 << (index & 7)
    return {seed: int.from_bytes(row, "little") for seed, row in rows.items()}

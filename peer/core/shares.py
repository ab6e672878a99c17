"""Which of the seeds sends each piece first."""

from __future__ import annotations

from typing import Dict

from peer.core import bits
from peer.core.setup import Setup


def shares_of(setup: Setup) -> Dict[int, int]:
    """By seed: the set of the pieces that it sends first, dealt in turn. What needn't travel is in none."""
    still = setup.repeats.still if setup.repeats else 0
    seeds = setup.seeds
    shares = dict.fromkeys(seeds, 0)
    for place, index in enumerate(bits.indices(bits.full(setup.total) & ~still)):
        shares[seeds[place % len(seeds)]] |= 1 << index
    return shares

"""Which of the seeds sends each piece first."""

from __future__ import annotations

from typing import Dict, Sequence

from peer.core import bits


def shares_of(seeds: Sequence[int], moving: int) -> Dict[int, int]:
    """By seed: its set of the pieces that travel (`moving`), dealt in turn."""
    shares = dict.fromkeys(seeds, 0)
    for place, index in enumerate(bits.indices(moving)):
        shares[seeds[place % len(seeds)]] |= 1 << index
    return shares

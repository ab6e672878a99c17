"""Which piece to ask for: one small pure policy for each profile."""

from __future__ import annotations

from random import Random
from typing import Optional

from peer.core import bits
from peer.core.pieces import Pieces


def pick_random(candidates: int, _: Pieces, rng: Random) -> Optional[int]:
    """The classic rule: any piece of `candidates`, at random; None if there is none."""
    return bits.random_bit(candidates, rng) if candidates else None


def pick_rarest(candidates: int, pieces: Pieces, rng: Random) -> Optional[int]:
    """The fleet's rule: a piece that the fewest neighbours have, ties broken at random, so differently by each peer."""
    if candidates:
        for members in pieces.rarity:
            rarest = members & candidates
            if rarest:
                return bits.random_bit(rarest, rng)
    return None

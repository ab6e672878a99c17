"""T*: the shortest time in which one seed and its receivers can all have the payload."""

from __future__ import annotations

from typing import Sequence

BYTES_PER_MBIT = 125_000


def limit_seconds(size: float, seed_up: float, ups: Sequence[float], downs: Sequence[float]) -> float:
    """T* = max(F/u_seed, F/d_min, N F/(u_seed + sum u_i)) for `size` bytes; rates are bytes a second.

    `ups` and `downs` are those of the receivers. The limit knows no headers, no latency and no pieces.
    """
    all_together = len(ups) * size / (seed_up + sum(ups))
    return max(size / seed_up, size / min(downs), all_together)


def equal_limit_seconds(size: float, rate: float, receivers: int) -> float:
    """T* where every link has the same rate, in bytes a second, both ways."""
    return limit_seconds(size, rate, [rate] * receivers, [rate] * receivers)

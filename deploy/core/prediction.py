"""The limit: the shortest time in which the payload can be everywhere, from the rates that the inventory says."""

from __future__ import annotations

from typing import NamedTuple

from deploy.core.model import Inventory


class Limit(NamedTuple):
    """T* in seconds, and what sets it: "seed's upload", "slowest download" or "all uploads together"."""

    seconds: float
    because: str


def limit_seconds(inventory: Inventory, size: int) -> Limit | None:
    """T* = max(F/u_seed, F/d_min, N F/(u_seed + sum u_i)) for `size` bytes; None where a rate isn't said."""
    raise NotImplementedError

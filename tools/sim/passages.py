"""A zone's ways out and in, which all its peers share: chunks go through one after the other."""

from __future__ import annotations

from typing import NamedTuple


class Way:
    """One direction; `rate`: bytes a second; `carried`: bytes so far."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.carried = 0
        self._free = 0.0

    def passes(self, size: int, now: float) -> float:
        """When a chunk that comes now is through."""
        self._free = max(now, self._free) + size / self.rate
        self.carried += size
        return self._free


class Ways(NamedTuple):
    """Those of a zone."""

    out: Way
    into: Way

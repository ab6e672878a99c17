"""The mean rate of a work since it began: unlike that of its last moments it never jumps."""

from __future__ import annotations


class MeanRate:
    """`now`: seconds of a steady clock, as in `rate`."""

    def __init__(self, now: float) -> None:
        self._since = now

    def rate(self, size: int, done: int, now: float) -> float:
        """What was done in a second. `size`: how much there is to do; 0 until the work begins."""
        if not size:
            self._since = now
        return done / (now - self._since) if now > self._since else 0.0

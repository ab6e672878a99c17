"""A value that follows a measured one slowly, so that one odd measurement doesn't count for much."""

from __future__ import annotations


def smooth(old: float, new: float) -> float:
    """The smoothed value after one more measurement; `old`: 0 before the first."""
    return 0.75 * old + 0.25 * new if old else new

"""The words for an operator who deploys a swarm that another one wants to deploy."""

from __future__ import annotations

from collections.abc import Sequence


def busy_with(by: str, seconds: float, doing: str, living: Sequence[int]) -> str:
    """Who deploys the swarm, for how long, and how far that is; "" and 0 for what isn't known."""
    if not by:
        return "another operator is deploying this swarm"
    far = f"its peer {living[0]} runs; `fab status` shows how far it is" if living else doing or "just begun"
    return f"another operator, {by}, has been deploying this swarm for {_duration(seconds)} ({far})"


def _duration(seconds: float) -> str:
    for size, unit, most in ((1, "s", 120), (60, "min", 7200)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.0f} h"

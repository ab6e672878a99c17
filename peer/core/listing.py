"""Lists as people write them: the first few, and how many more there are."""

from __future__ import annotations

from typing import Sequence


def listed(parts: Sequence[str], most: int) -> str:
    """`parts` in one line, at most so many of them by name: "a, b and 3 more"."""
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more

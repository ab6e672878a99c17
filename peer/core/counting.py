"""Numbers as people say them: "1 host", "2 hosts", and times that are too short to be told."""

from __future__ import annotations


def count_of(number: int, noun: str) -> str:
    """The number with its noun, whose plural ends with an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seconds_of(seconds: float) -> str:
    """A time with one decimal: "3.2 s"; nothing that was done took 0.0 s."""
    return "less than 0.1 s" if 0 <= seconds < 0.05 else f"{seconds:.1f} s"

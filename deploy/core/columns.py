"""Plain columns: the layout of every table that is printed as text."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One line for each row, each cell as wide as the widest in its column; all rows have the same number of cells."""
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    return tuple("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def cut_middle(text: str, most: int) -> str:
    """At most so many letters: names of hosts differ at their begin, or at their end."""
    if len(text) <= max(most, 3):
        return text
    tail = (max(most, 3) - 1) // 2
    return f"{text[: max(most, 3) - 1 - tail]}\u2026{text[len(text) - tail :]}"

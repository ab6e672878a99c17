"""Host ranges: `node[01-16]` to names, and names back to ranges."""

from __future__ import annotations

from collections.abc import Iterable


class RangeError(ValueError):
    """A range that can't be read; `str(error)` says why and what to write."""


def expand(text: str) -> tuple[str, ...]:
    """`node[01-03,7]` -> node01, node02, node03, node7; a text without brackets is itself. Raises RangeError."""
    raise NotImplementedError


def fold(names: Iterable[str]) -> str:
    """Names in one short text: `alpha, node[01-03,07]`; expanding gives the same names back."""
    raise NotImplementedError

"""Tells which of the things in a folder aren't known by name, where both may be a hundred thousand."""

from __future__ import annotations

from itertools import islice
from typing import Iterable, Iterator, Tuple, TypeVar

T = TypeVar("T")
_AT_ONCE = 20_000  # names in memory; a set of all known ones would take more than all that is known of them otherwise


def strangers(found: Iterable[Tuple[str, T]], known: Iterable[str]) -> Iterator[Tuple[str, T]]:
    """Those of the things found, by name, that aren't known, in their order; `known` is gone through several times."""
    left = iter(found)
    for some in iter(lambda: dict(islice(left, _AT_ONCE)), {}):
        unknown = set(some)
        unknown.difference_update(known)
        yield from ((name, thing) for name, thing in some.items() if name in unknown)

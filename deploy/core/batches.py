"""Divides hosts into batches: the next one begins when the one before has ended well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

Batch = Union[int, str]  # hosts at a time, or a share of all: "25%"


def size_of(batch: Batch, count: int) -> int:
    """How many of `count` hosts at a time; at least one."""
    if isinstance(batch, str):
        return max(1, count * int(batch.rstrip("%")) // 100)
    return max(1, min(batch, count))


def batches(hosts: Sequence[str], batch: Batch) -> list[list[str]]:
    """The hosts in their order, a batch after the other."""
    size = size_of(batch, len(hosts))
    return [list(hosts[place : place + size]) for place in range(0, len(hosts), size)]

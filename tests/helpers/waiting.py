"""Waits for facts, with a deadline that only a failing test reaches."""

from __future__ import annotations

import time
from typing import Callable, Optional, TypeVar

Fact = TypeVar("Fact")

DEADLINE = 45.0  # seconds
_LOOK = 0.005


def wait_for(look: Callable[[], Fact], what: str, deadline: float = DEADLINE) -> Fact:
    """The first true value of `look`; fails, naming `what`, after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {deadline:g} s in vain for {what}"
        time.sleep(_LOOK)


def never(look: Callable[[], Optional[str]], meanwhile: Callable[[], object], what: str) -> None:
    """Wait for `meanwhile` and fail at once, with its words, if `look` finds anything until then."""

    def either() -> bool:
        found = look()
        assert not found, found
        return bool(meanwhile())

    wait_for(either, what)

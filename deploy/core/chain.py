"""The options of a chain of tasks: what stands on any task and holds for all of them, hoisted to one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from peer.core.errors import EXIT_USAGE, WeftError

SHARED = ("inventory", "limit", "local", "json", "plain", "run")  # the names as Python spells them


class Call(NamedTuple):
    """One task of the chain: its name, and the options given (or left at their default) on it."""

    task: str
    options: Mapping[str, object]


class ChainError(WeftError):
    """Two tasks of a chain were told different things."""

    code = EXIT_USAGE


def hoist(calls: Sequence[Call], shared: Sequence[str] = SHARED) -> dict[str, object]:
    """The shared options of a whole chain: name -> value; a name nobody gave is absent.

    None, False and "" count as not given. Raises ChainError where two tasks differ.
    """
    raise NotImplementedError

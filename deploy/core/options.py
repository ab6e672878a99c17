"""The options of a chain of tasks: what stands on any of them and holds for all, hoisted to one place."""

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
    given: dict[str, tuple[str, object]] = {}
    for call in calls:
        for name in shared:
            value = call.options.get(name)
            if value is None or value is False or value == "":
                continue
            task, first = given.setdefault(name, (call.task, value))
            if first != value:
                raise ChainError(_differ(name, (task, first), (call.task, value)))
    return {name: value for name, (_, value) in given.items()}


def _differ(name: str, first: tuple[str, object], second: tuple[str, object]) -> str:
    flag = "--" + name.replace("_", "-")
    said = f"'{first[1]}' on {first[0]} and '{second[1]}' on {second[0]}"
    return f"{flag} is {said}; it holds for the whole chain, so write it once"

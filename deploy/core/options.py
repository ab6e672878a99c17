"""The options of a chain of tasks: given on any of its tasks, they hold for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from peer.core.errors import EXIT_USAGE, WeftError


class Call(NamedTuple):
    """One task of the chain: its name, and the options given (or left at their default) on it."""

    task: str
    options: Mapping[str, object]


class ChainError(WeftError):
    """Two tasks of a chain got different values for a shared option."""

    code = EXIT_USAGE


def hoist(calls: Sequence[Call], shared: Sequence[str]) -> dict[str, object]:
    """The `shared` options of a complete chain, by their Python names: name -> value; only those that were given.

    None, False and "" count as not given. Raises ChainError if two tasks differ.
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
    return f"{flag} is {said}; it counts for the chain, so write it once"

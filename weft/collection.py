"""Weft's tasks as a collection of Invoke's, for a fabfile of one's own: each runs `weft` in a process of its own.

import weft
namespace = Collection(...)
namespace.add_collection(weft)      # fab weft.up --inventory fleet.yaml
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import invoke

from weft.location import parts
from weft.tasks import START, flags

_OURS = ("deploy", "peer")


def collection() -> invoke.Collection:
    """All tasks, with the options and the help that they have in `fab`."""
    with _our_modules():
        from deploy.fabfile import ns

        return invoke.Collection("weft", *map(_passed_on, ns.tasks.values()))


def _passed_on(task: Any) -> invoke.Task[Any]:
    """A task that takes what this one takes, and hands it to `weft`."""

    def body(_context: Any, **given: Any) -> None:
        words = [word for name in task.form.words for word in _listed(given.pop(name))]
        command = [sys.executable, "-c", START, task.form.name, *flags(given), *words]
        code = subprocess.call(command)
        if code:
            raise invoke.Exit(code=code)

    kind = inspect.Parameter.KEYWORD_ONLY
    taken = [one.replace(kind=kind) for one in task.argspec(task.body).parameters.values()]
    context = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    body.__signature__ = inspect.Signature([context, *taken])  # type: ignore[attr-defined]
    body.__doc__ = task.__doc__
    return invoke.Task(
        body,
        name=task.form.name,
        positional=task.positional,
        iterable=task.iterable,
        auto_shortflags=False,
        help=dict(task.help),
    )


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


@contextmanager
def _our_modules() -> Iterator[None]:
    """Our own `deploy` and `peer` for the moment; those of whoever imports us are the same before and after."""
    theirs = _taken_out()
    sys.path.insert(0, parts())
    try:
        yield
    finally:
        sys.path.remove(parts())
        _taken_out()
        sys.modules.update(theirs)


def _taken_out() -> dict[str, Any]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in _OURS}

"""The class of our tasks: takes the chain's shared options, and leaves them to the executor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import invoke

# Option -> (default, help). The executor gathers them from all tasks of a chain, and they count for all.
SHARED: dict[str, tuple[object, str]] = {
    "inventory": ("", "the inventory (default: inventory.yaml)"),
    "limit": ("", "work only on these hosts and groups: a,group,!b,node[01-04],web*"),
    "local": (False, "run the complete swarm on this machine, without SSH"),
    "json": (False, "print one JSON object per line on stdout"),
    "plain": (False, "print plain lines, without the live display"),
    "run": ("", "the run's name (default: date, time and a random number)"),
    "dry_run": (False, "show what would be done, without doing it"),
}


class ChainTask(invoke.Task):  # type: ignore[type-arg]
    """A task whose body sees only the options that are its own."""

    def argspec(self, body: Callable[..., Any]) -> inspect.Signature:
        """The body's own options, and the shared ones."""
        own = super().argspec(body)
        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [inspect.Parameter(name, kind, default=default) for name, (default, _) in SHARED.items()]
        return own.replace(parameters=[*own.parameters.values(), *shared])

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> Any:
        """The options, with their help on every call, although Invoke removes each text that it uses."""
        texts = dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = texts

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body."""
        return super().__call__(*args, **{name: value for name, value in kwargs.items() if name not in SHARED})


def chain_task(**own_help: str) -> Callable[[Callable[..., Any]], ChainTask]:
    """Makes a function a ChainTask; short flags stay Fabric's own, or `-i key` would name an inventory."""
    texts = {name: text for name, (_, text) in SHARED.items()}
    return invoke.task(klass=ChainTask, auto_shortflags=False, help={**texts, **own_help})

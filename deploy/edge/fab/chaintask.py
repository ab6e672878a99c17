"""The class of our tasks: takes the chain's shared options, and leaves them to the executor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import invoke

from deploy.core.command.grammar import Option, TaskForm
from deploy.core.command.optiontable import SHARED, described

_SHARED = {option.name: option for option in SHARED}


class ChainTask(invoke.Task):  # type: ignore[type-arg]
    """A task whose body sees only the options that are its own. `alone`: it needs no inventory."""

    form = TaskForm("", "")
    alone = False

    def argspec(self, body: Callable[..., Any]) -> inspect.Signature:
        """The body's own options, and the shared ones."""
        own = super().argspec(body)
        kind = inspect.Parameter.KEYWORD_ONLY
        shared = [inspect.Parameter(one.name, kind, default="" if one.value else False) for one in SHARED]
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
        return super().__call__(*args, **{name: value for name, value in kwargs.items() if name not in _SHARED})


def chain_task(*own: Option, alone: bool = False, **form: Any) -> Callable[[Callable[..., Any]], ChainTask]:
    """Makes a function a ChainTask with these options of its own; `form`: what else its `TaskForm` says.

    Short flags stay Fabric's own, or `fab -i key` would name an inventory.
    """

    def made(body: Callable[..., Any]) -> ChainTask:
        task: ChainTask = invoke.task(
            klass=ChainTask,
            auto_shortflags=False,
            positional=[],
            iterable=[option.name for option in own if option.many],
            help={option.name: described(option) for option in (*own, *SHARED)},
        )(body)
        summary, _, text = (inspect.getdoc(body) or "").partition("\n")
        name = body.__name__.replace("_", "-")
        task.form = TaskForm(name, summary.rstrip("."), text.strip(), own, **form)
        task.alone = alone
        return task

    return made


def forms(tasks: invoke.Collection) -> Sequence[TaskForm]:
    """What the help and the command line know of a collection's tasks, in their order."""
    return [task.form for task in tasks.tasks.values()]

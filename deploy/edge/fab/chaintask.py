"""The class of our tasks: takes the chain's shared options, and leaves them to the executor."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import invoke

from deploy.core.command.grammar import Option, TaskForm
from deploy.core.command.optiontable import SHARED, described
from deploy.core.inventory import Host, Inventory

Hostnames = Callable[[Collection[Host]], dict[str, str]]  # what ssh_config calls hosts, by their names
Maker = Callable[[Mapping[str, Any], Hostnames], Inventory]


class ChainTask(invoke.Task):  # type: ignore[type-arg]
    """A task whose body sees only the options that are its own. `alone`: it needs no inventory.

    `makes`: makes its inventory of the options `made_of`, which the body doesn't see either.
    """

    def __init__(
        self, body: Callable[..., Any], alone: bool, makes: Maker | None, made_of: Sequence[Option], **words: Any
    ) -> None:
        self.form = TaskForm("", "")
        self.alone = alone
        self.makes = makes
        self._unseen = (*made_of, *SHARED)
        super().__init__(body, **words)

    def argspec(self, body: Callable[..., Any]) -> inspect.Signature:
        """The body's own options, and those that it doesn't see."""
        own = super().argspec(body)
        kind = inspect.Parameter.KEYWORD_ONLY
        unseen = [inspect.Parameter(one.name, kind, default=_default(one)) for one in self._unseen]
        return own.replace(parameters=[*own.parameters.values(), *unseen])

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> Any:
        """The options, with their help on every call, although Invoke removes each text that it uses."""
        texts = dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = texts

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body."""
        unseen = {option.name for option in self._unseen}
        return super().__call__(*args, **{name: value for name, value in kwargs.items() if name not in unseen})


def _default(option: Option) -> Any:
    """What Invoke learns an option's kind from."""
    return [] if option.many else "" if option.value else False


def chain_task(
    *own: Option,
    alone: bool = False,
    makes: Maker | None = None,
    made_of: Sequence[Option] = (),
    words: tuple[str, ...] = (),
    positional: bool = False,
    **form: Any,
) -> Callable[[Callable[..., Any]], ChainTask]:
    """Makes a function a ChainTask with these options of its own; `form`: what else its `TaskForm` says.

    Options in `words` are plain words for `weft`; they are options for `fab`, whose parser can't have several words,
    unless they are `positional`.
    Short flags stay Fabric's own, or `fab -i key` would name an inventory.
    """
    options = (*made_of, *own)

    def made(body: Callable[..., Any]) -> ChainTask:
        task: ChainTask = invoke.task(
            klass=ChainTask,
            alone=alone,
            makes=makes,
            made_of=made_of,
            auto_shortflags=False,
            positional=list(words) if positional else [],
            iterable=[option.name for option in options if option.many],
            help={option.name: described(option) for option in (*options, *SHARED)},
        )(body)
        summary, _, text = (inspect.getdoc(body) or "").partition("\n")
        typed = tuple(option for option in options if option.name not in words)
        name = body.__name__.replace("_", "-")
        task.form = TaskForm(name, summary.rstrip("."), text.strip(), typed, words, **form)
        return task

    return made


def forms(tasks: invoke.Collection) -> Sequence[TaskForm]:
    """What the help and the command line know of a collection's tasks, in their order."""
    return [task.form for task in tasks.tasks.values()]

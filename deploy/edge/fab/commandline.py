"""Reads the command line before Fabric does: words that no task knows end in one line and exit code 2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import invoke

from deploy.core.inventory import did_you_mean, shown
from peer.core.errors import EXIT_USAGE

_NEEDS_VALUE = re.compile(r"<Argument: ([\w-]+)")


def check(program: invoke.Program, tasks: invoke.Collection) -> None:
    """Raise `invoke.Exit` with code 2 for a task or an option that doesn't exist; Fabric's own parser ends with 1.

    To be called while Fabric loads the tasks: `program` has read its own options by then. Else it does nothing.
    """
    core = getattr(program, "core", None)
    if core is None:
        return
    contexts = tasks.to_contexts()
    try:
        invoke.Parser(contexts, initial=program.initial_context).parse_argv(core.unparsed)
    except invoke.ParseError as error:
        raise invoke.Exit(shown(_explained(error, core.unparsed, contexts)), EXIT_USAGE) from None


def _explained(error: invoke.ParseError, words: Sequence[str], contexts: Sequence[Any]) -> str:
    tokens = [word.partition("=")[0] if word.startswith("-") else word for word in words]
    unknown = next((token for token in tokens if repr(token) in str(error)), "")
    wanting = _NEEDS_VALUE.search(str(error))
    if unknown.startswith("-"):
        return _unknown_option(unknown, error.context, contexts)
    if unknown:
        near = did_you_mean(unknown, [context.name for context in contexts])
        return f"no task is called '{unknown}'{near or '; `fab --list` names them all'}"
    return f"--{wanting.group(1).replace('_', '-')} needs a value" if wanting else str(error)


def _unknown_option(option: str, context: Any, contexts: Sequence[Any]) -> str:
    if context is None or context.name is None:  # no task was named yet
        if option in _options(contexts):
            return f"{option} belongs behind a task: fab TASK {option} ..."
        return f"fab has no option {option}{_near(option, _options(contexts))}"
    near = _near(option, _options([context]))
    return f"{context.name} has no option {option}{near or f'; `fab --help {context.name}` names them all'}"


def _near(option: str, known: set[str]) -> str:
    longer = [one for one in known if one.startswith(option)]  # `--inv`: people try abbreviations
    return f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(option, known)


def _options(contexts: Iterable[Any]) -> set[str]:
    return {flag for context in contexts for flag in context.flags}

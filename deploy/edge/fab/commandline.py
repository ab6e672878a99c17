"""Reads the command line before Fabric does: what no task knows, or what misleads, ends in one line and exit code 2."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

import invoke

from deploy.core.inventory import did_you_mean, shown
from peer.core.errors import EXIT_USAGE

# Fabric's own options that would do something else here than they say.
_REFUSED = {
    "dry": "-R would deploy all the same: write --dry-run after a task",
    "hosts": "-H would run every task once a host: use --limit, with names of the inventory",
    "command-timeout": "-T has no effect here: every request to a host has a limit of its own",
    "echo": "-e has no effect here: no shell commands are run",
    "hide": "--hide has no effect here: no shell commands are run",
    "pty": "-p has no effect here: no shell commands are run",
    "warn-only": "-w has no effect here: `--keep-going` after start or up goes on where a peer can't be started",
    "prompt-for-sudo-password": "--prompt-for-sudo-password has no effect here: nothing is run with sudo",
}
_PROMPTS = ("prompt-for-login-password", "prompt-for-passphrase")
_ELSEWHERE = {  # what people mean by Fabric's short options after a task
    "i": "; an inventory is named with --inventory",
    "f": "; an inventory is named with --inventory",
    "l": "; hosts are chosen with --limit, and `fab --list` lists the tasks",
    "t": "",
}

_NEEDS_WORD = re.compile(r"'([\w-]+)' did not receive required positional arguments: '([\w-]+)'")
_NEEDS_VALUE = re.compile(r"<Argument: ([\w-]+)")


def check(program: invoke.Program, tasks: invoke.Collection) -> None:
    """Raise `invoke.Exit` with code 2 for a task or an option that doesn't exist; Fabric's own parser ends with 1.

    To be called while Fabric loads the tasks: `program` has read its own options by then. Else it does nothing.
    """
    core = getattr(program, "core", None)
    if core is None:
        return
    _refuse_misleading(core[0].args)
    _leave_ssh_config_alone(program)
    contexts = tasks.to_contexts()
    try:
        after = invoke.Parser(contexts, initial=program.initial_context).parse_argv(core.unparsed)
        _refuse_after_a_task(after[0].args)
        _refuse_empty(after[1:])
    except invoke.ParseError as error:
        raise invoke.Exit(shown(_explained(error, core.unparsed, contexts)), EXIT_USAGE) from None


def _refuse_misleading(given: Any) -> None:
    for name, words in _REFUSED.items():
        if name in given and given[name].value not in (None, False, []):
            raise invoke.Exit(words, EXIT_USAGE)
    for name in _PROMPTS:
        if name in given and given[name].value and not somebody_types():
            raise invoke.Exit(f"--{name}: there is no terminal to ask at", EXIT_USAGE)
    path = given["ssh-config"].value if "ssh-config" in given else None
    if path is not None and not os.path.isfile(os.path.expanduser(path)):
        raise invoke.Exit(shown(f"-S {path}: there is no such file"), EXIT_USAGE)


def _refuse_after_a_task(given: Any) -> None:
    """Fabric takes its own options after a task, too, and reads some too late and others as something else."""
    for name, argument in given.items():
        if name == "help" or not argument.got_value:
            continue
        raise invoke.Exit(_misplaced(name, argument), EXIT_USAGE)


def _refuse_empty(tasks: Iterable[Any]) -> None:
    """`--limit "$HOSTS"` with nothing in HOSTS would otherwise mean all hosts."""
    for task in tasks:
        for name, argument in task.args.items():
            if argument.got_value and isinstance(argument.value, str) and not argument.value.strip(" ,\t\n"):
                raise invoke.Exit(
                    f"--{name}: '{shown(argument.value)}' is empty; write a value, or leave it out", EXIT_USAGE
                )


def _misplaced(name: str, argument: Any) -> str:
    if name in _REFUSED:
        return _REFUSED[name]
    short = next((one for one in argument.names if len(one) == 1), "")
    flag = f"-{short}" if short else f"--{name}"
    value = " ..." if argument.takes_value else ""
    return f"{flag} is Fabric's own and belongs before the tasks: fab {flag}{value} TASK{_ELSEWHERE.get(short, '')}"


def somebody_types() -> bool:
    """Whether there is a terminal to ask a person at."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True


def _leave_ssh_config_alone(program: Any) -> None:
    """Fabric would read ssh_config for every task, those without SSH too, and end in a traceback where it can't."""
    program.config._set(_given_explicit_object=True)


def _explained(error: invoke.ParseError, words: Sequence[str], contexts: Sequence[Any]) -> str:
    tokens = [word.partition("=")[0] if word.startswith("-") else word for word in words]
    lacking = _NEEDS_WORD.search(str(error))
    if lacking:
        return f"{lacking.group(1)} needs a word: {lacking.group(2)}; `fab --help {lacking.group(1)}` tells which"
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
            return f"{option} belongs after a task: fab TASK {option} ..."
        return f"fab has no option {option}{_near(option, _options(contexts))}"
    near = _near(option, _options([context]))
    return f"{context.name} has no option {option}{near or f'; `fab --help {context.name}` names them all'}"


def _near(option: str, known: set[str]) -> str:
    longer = [one for one in known if one.startswith(option)]  # `--inv`: people try abbreviations
    return f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(option, known)


def _options(contexts: Iterable[Any]) -> set[str]:
    return {flag for context in contexts for flag in context.flags}

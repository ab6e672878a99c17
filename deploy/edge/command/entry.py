"""Where `weft` goes from its command line to the executor, or answers by itself: help, version, completion."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

import invoke

from deploy.core.command.astyped import WEFT, as_typed
from deploy.core.command.grammar import Grammar, TaskForm
from deploy.core.command.helptext import format_help, format_task_help
from deploy.core.command.optiontable import COMMON, SHARED
from deploy.core.command.parsing import CommandError, CommandLine, parse_command
from deploy.core.command.shellscripts import SHELLS, completion_script
from deploy.core.inventory import did_you_mean, shown
from deploy.edge.command.streams import open_missing
from deploy.edge.fab.chaintask import forms
from deploy.fabfile import ns
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, WeftError

ABOUT = "Weft puts one big file, or a tree of files, on every host of a fleet, and proves it."
_WIDEST, _NARROWEST = 110, 60  # columns of the help


def run(words: Sequence[str], version: str) -> int:
    """Run a command line; its exit code."""
    open_missing()
    try:
        return _run(words, version)
    except invoke.Exit as end:
        if end.message:
            print(as_typed(end.message, WEFT), file=sys.stderr)
        return int(end.code)
    except WeftError as error:
        print(error, file=sys.stderr)
        return error.code
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would complain of it again
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run(words: Sequence[str], version: str) -> int:
    grammar = Grammar(tuple(forms(ns)), SHARED, COMMON)
    line = parse_command(["--help", *words[1:]] if words and words[0] == "help" else words, grammar)
    answer = _answer(line, grammar, version)
    if answer is not None:
        print(answer, flush=True)
        return 0
    if not line.calls:  # `weft $TASK` with nothing in TASK must not look as if all hosts had the payload
        print(format_help(grammar, ABOUT, _width()), file=sys.stderr)
        return EXIT_USAGE
    from deploy.edge.command.execute import execute  # slow to load, and help and completion do without

    execute(line)
    return 0


def _answer(line: CommandLine, grammar: Grammar, version: str) -> str | None:
    """What is asked of the command itself; None if tasks are to be run."""
    if line.common.get("help"):
        task = grammar.task(line.calls[-1].task) if line.calls else None
        return _help(task, grammar)
    if line.common.get("version"):
        return f"weft {version}"
    if line.common.get("print_hosts"):
        return _hosts(line)
    shell = line.common.get("print_completion_script")
    if shell is None:
        return None
    if shell not in SHELLS:
        near = did_you_mean(str(shell), SHELLS) or f"; write one of {', '.join(SHELLS)}"
        raise CommandError(shown(f"--print-completion-script: no shell is called '{shell}'{near}"))
    return completion_script(str(shell), grammar).rstrip("\n")


def _hosts(line: CommandLine) -> str:
    """The names that `--limit` takes, one a line."""
    from deploy.edge.fab.inventoryfile import read_inventory  # slow to load, like all that reads YAML

    options = dict(line.before)
    for call in line.calls:
        options |= call.options
    inventory = read_inventory(options)
    return "\n".join([*(host.name for host in inventory.hosts), *inventory.groups])


def _help(task: TaskForm | None, grammar: Grammar) -> str:
    text = format_help(grammar, ABOUT, _width()) if task is None else format_task_help(task, grammar, _width())
    return as_typed(text, WEFT)


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))

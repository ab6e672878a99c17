"""The help of `weft` and of its tasks, as text: one line a task, examples, every option with its default."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from deploy.core.command.grammar import Grammar, Option, TaskForm
from deploy.core.command.optiontable import described

_GAP = "  "
_LONGEST_LEFT = 30  # columns of the left side; what is longer has its text on the next line

EXAMPLES = (
    ("weft push ./model 'fleet@node[01-16]:/srv/models'", "without an inventory: all in one"),
    ("weft init", "write a commented inventory.yaml, to be edited"),
    ("weft check up", "is every host ready? then put the payload there, and prove it"),
    ("weft -i fleet.yaml -l 'node[01-04]' up", "another inventory, and four of its hosts"),
    ("weft deploy start logs", "the steps of `up`, one by one"),
    ("weft up --local", "the same swarm on this machine, without SSH"),
)
EXIT_CODES = (
    ("0", "everything succeeded; after `up` and `verify`: every chosen host has the bytes"),
    ("1", "something failed; a line says what, where and what to do next"),
    ("2", "the command line or the inventory is wrong; nothing was touched"),
    ("4", "a host could not be reached; the work went on for the others"),
    ("130", "interrupted"),
)


def format_help(grammar: Grammar, about: str, width: int) -> str:
    """The help of the command; `about` is what it does, `width` the terminal's columns."""
    return "\n".join(
        [
            *textwrap.wrap(about, width),
            "",
            "Usage: weft [OPTIONS] TASK [OPTIONS] [TASK [OPTIONS]]...",
            "",
            "Tasks:",
            *_table([(task.name, task.summary) for task in grammar.tasks], width),
            "",
            "Options, on any task or before it; they hold for the complete chain of tasks:",
            *_options(grammar.shared, width),
            "",
            "SSH, help and completion:",
            *_options(grammar.common, width),
            "",
            "Examples:",
            *_table(EXAMPLES, width),
            "",
            "Exit codes:",
            *_table(EXIT_CODES, width),
            "",
            "`weft TASK --help` tells a task's own options.",
        ]
    )


def format_task_help(task: TaskForm, grammar: Grammar, width: int) -> str:
    """The help of one task."""
    lines = [*textwrap.wrap(f"{task.summary}.", width), "", f"Usage: {task.usage or usage(task)}"]
    for paragraph in filter(None, task.text.split("\n\n")):
        lines += ["", *textwrap.wrap(paragraph, width)]
    if task.examples:
        lines += ["", "Examples:", *_table(task.examples, width)]
    if task.options:
        lines += ["", "Options:", *_options(task.options, width)]
    shared = [option for option in grammar.shared if option.name not in task.without]
    lines += ["", "Options of every task, which hold for the complete chain:", *_options(shared, width)]
    lines += ["", "`weft --help` lists all tasks, and the options for SSH."]
    return "\n".join(lines)


def usage(task: TaskForm) -> str:
    """How a task is called: `weft start [OPTIONS]`."""
    return " ".join(["weft", task.name, "[OPTIONS]", *(word.upper() for word in task.words)])


def _options(options: Iterable[Option], width: int) -> list[str]:
    return _table([(_left(option), described(option)) for option in options], width)


def _left(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    return f"{short}{option.flag}{f' {option.value}' if option.value else ''}"


def _table(rows: Iterable[tuple[str, str]], width: int) -> list[str]:
    """Two columns, the right one wrapped below itself."""
    rows = list(rows)
    left = min(max(len(row[0]) for row in rows), _LONGEST_LEFT)
    indent = " " * (len(_GAP) * 2 + left)
    lines: list[str] = []
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(width - len(indent), 30)) or [""]
        first = f"{_GAP}{name:{left}}{_GAP}{wrapped[0]}".rstrip()
        lines += [first] if len(name) <= left else [f"{_GAP}{name}", indent + wrapped[0]]
        lines += [indent + line for line in wrapped[1:]]
    return lines

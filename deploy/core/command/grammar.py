"""What a command line of `weft` may hold: tasks, their words, and options, each with its default and its help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

FILE, HOSTS, TEXT = "FILE", "HOSTS", "TEXT"  # what an option's value is called in the help


class Option(NamedTuple):
    """One option. `value`: what its value is called, "" for a flag; `default`: as the help shows it, "" for none.

    `many`: it may be given several times, and its value is a list.
    """

    name: str  # as in Python: dry_run
    help: str
    value: str = ""
    default: str = ""
    short: str = ""
    many: bool = False

    @property
    def flag(self) -> str:
        """As it is typed: --dry-run."""
        return "--" + self.name.replace("_", "-")

    @property
    def flags(self) -> tuple[str, ...]:
        """All that it is typed as, the short one first."""
        return (f"-{self.short}", self.flag) if self.short else (self.flag,)


class TaskForm(NamedTuple):
    """One task. `text`: further lines of its help. `words`: the names of the words that follow it, the last of them
    one or many.

    A task with words takes all that follow it, so it is run alone.
    """

    name: str  # as it is typed: collect-logs
    summary: str
    text: str = ""
    options: tuple[Option, ...] = ()
    words: tuple[str, ...] = ()
    usage: str = ""  # instead of the one that is made of `words`
    examples: tuple[tuple[str, str], ...] = ()  # command and what it does
    without: tuple[str, ...] = ()  # shared options that it refuses, so its help is silent about them


class Grammar(NamedTuple):
    """The complete command line. `shared` options hold for a chain; `common` ones are about the command itself."""

    tasks: tuple[TaskForm, ...]
    shared: tuple[Option, ...]
    common: tuple[Option, ...]

    def task(self, name: str) -> TaskForm | None:
        """The task of that name."""
        return next((task for task in self.tasks if task.name == name), None)

    def options_of(self, task: TaskForm | None) -> Iterator[Option]:
        """The options that may follow a task, its own first; None: those before the first task."""
        yield from task.options if task else ()
        yield from self.shared
        yield from self.common


def by_flag(options: Iterator[Option] | Sequence[Option]) -> dict[str, Option]:
    """Options by what is typed for them."""
    return {flag: option for option in options for flag in option.flags}

"""The words of a command line -> the tasks to run, with their options; what isn't understood is one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Union

from deploy.core.command.grammar import Grammar, Option, TaskForm, by_flag
from deploy.core.inventory import did_you_mean, shown
from peer.core.errors import EXIT_USAGE, WeftError

Value = Union[str, bool, "list[str]"]
_BLANK = " ,\t\n"


class CommandError(WeftError):
    """The command line is wrong; the text is one line."""

    code = EXIT_USAGE


class TaskCall(NamedTuple):
    """One task of the line, with the options after it by their Python names; words are under the word's name."""

    task: str
    options: dict[str, Value]


class CommandLine(NamedTuple):
    """All of it. `common`: options about the command itself, wherever they stood; `before`: others before a task."""

    calls: tuple[TaskCall, ...]
    common: dict[str, Value]
    before: dict[str, Value]


def parse_command(words: Sequence[str], grammar: Grammar) -> CommandLine:
    """The tasks of the line in order. Options before the first task belong to it. Raises CommandError."""
    reader = _Reader(words, grammar)
    reader.read()
    return CommandLine(tuple(reader.calls), reader.common, reader.before)


class _Reader:
    """Reads the words from left to right."""

    def __init__(self, words: Sequence[str], grammar: Grammar) -> None:
        self._words = list(words)
        self._grammar = grammar
        self._task: TaskForm | None = None
        self._shared = {option.name for option in grammar.shared}
        self._common = {option.name for option in grammar.common}
        self.before: dict[str, Value] = {}  # options before the first task, which has them too
        self.calls: list[TaskCall] = []
        self.common: dict[str, Value] = {}

    def read(self) -> None:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                self._take_rest(word)
            elif len(word) > 1 and word.startswith("-"):
                self._option(word)
            elif self._task is not None and self._task.words:
                self._plain(word)
            else:
                self._begin(word)

    def _take_rest(self, word: str) -> None:
        """What follows `--` are a task's own words, even where they look like options."""
        if self._task is None or not self._task.words:
            raise CommandError(f"`{word}` has no meaning here; options and tasks need none")
        while self._words:
            self._plain(self._words.pop(0))

    def _begin(self, word: str) -> None:
        task = self._grammar.task(word)
        if task is None:
            raise CommandError(shown(_no_task(word, self._grammar)))
        if self.calls and task.words:
            raise CommandError(f"{task.name} can't follow another task; run it alone")
        self._task = task
        self.calls.append(TaskCall(task.name, {} if self.calls else self.before))

    def _plain(self, word: str) -> None:
        assert self._task is not None
        options, names = self.calls[-1].options, self._task.words
        free = [name for name in names[:-1] if name not in options]
        if free:
            options[free[0]] = word
        else:
            _append(options, names[-1], word)

    def _option(self, word: str) -> None:
        typed, equals, value = word.partition("=")
        if not word.startswith("--") and len(word) > 2:
            typed, equals, value = word[:2], "=", word[2:].removeprefix("=")  # -iFILE
        known = by_flag(tuple(self._grammar.options_of(self._task)))
        option = known.get(typed)
        if option is None:
            raise CommandError(shown(_no_option(typed, self._task, self._grammar)))
        if not option.value:
            if equals:
                raise CommandError(shown(f"{option.flag} takes no value; write {option.flag} alone"))
            self._set(option, True)
            return
        if not equals:
            if not self._words or self._words[0] in known:
                raise CommandError(f"{option.flag} needs a value")
            value = self._words.pop(0)
        if not value.strip(_BLANK):  # `--limit "$HOSTS"` with nothing in HOSTS would otherwise mean all hosts
            raise CommandError(shown(f"{option.flag}: '{value}' is empty; write a value, or leave it out"))
        self._set(option, value)

    def _set(self, option: Option, value: Value) -> None:
        place = self.common if option.name in self._common else self.calls[-1].options if self.calls else self.before
        if option.many:
            _append(place, option.name, str(value))
        elif place.get(option.name, value) != value:
            raise CommandError(
                shown(f"{option.flag} is given twice, as '{place[option.name]}' and as '{value}'; write it once")
            )
        else:
            place[option.name] = value


def _append(place: dict[str, Value], name: str, value: str) -> None:
    before = place.get(name)
    place[name] = [*before, value] if isinstance(before, list) else [value]


def _no_task(word: str, grammar: Grammar) -> str:
    names = [task.name for task in grammar.tasks]
    return f"no task is called '{word}'{did_you_mean(word, names) or '; `weft --help` names them all'}"


def _no_option(typed: str, task: TaskForm | None, grammar: Grammar) -> str:
    if task is None:
        every = [option for one in grammar.tasks for option in one.options]
        owners = [one.name for one in grammar.tasks if typed in by_flag(one.options)]
        if owners:
            return f"{typed} belongs after a task: weft {owners[0]} {typed}"
        near = _near(typed, by_flag([*every, *grammar.options_of(None)]))
        return f"weft has no option {typed}{near or '; `weft --help` names them all'}"
    near = _near(typed, by_flag(tuple(grammar.options_of(task))))
    return f"{task.name} has no option {typed}{near or f'; `weft {task.name} --help` names them all'}"


def _near(typed: str, known: Iterable[str]) -> str:
    longer = [flag for flag in known if flag.startswith(typed) and typed.startswith("--")]  # `--inv`
    return f"; did you mean '{longer[0]}'?" if len(longer) == 1 else did_you_mean(typed, known)

"""The mistakes in an inventory, as lines for a person: `inventory.yaml:12: hosts.a.port: is 70000; ...`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, Union

from peer.core.errors import EXIT_USAGE, WeftError

Path = tuple[Union[str, int], ...]  # the keys and places from the top of the inventory to a value
Place = tuple[str, int]  # a file and a line of it


class Problem(NamedTuple):
    """One mistake: its line (0: none), the key's path ("": the complete file), the mistake and the remedy.

    `source`: the file, where it isn't the inventory itself.
    """

    line: int
    key: str
    text: str
    source: str = ""


class InventoryError(WeftError):
    """The inventory or `--limit` is wrong; `str(error)` is one line for each problem that was found."""

    code = EXIT_USAGE

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(_line(source, problem) for problem in self.problems))


class Ledger:
    """Gathers the mistakes of one inventory, each with the line of its path, so that all are reported together.

    `elsewhere`: file and line of what isn't in the inventory itself.
    """

    def __init__(self, source: str, lines: Mapping[Path, int], elsewhere: Mapping[Path, Place] | None = None) -> None:
        self._source = source
        self._lines = lines
        self._elsewhere = elsewhere or {}
        self._problems: list[Problem] = []

    def add(self, path: Path, text: str, line: int = 0) -> None:
        """Note a mistake at `path`; if that has no line, `line` or that of the nearest part above it counts."""
        if path[:2] in self._elsewhere and path[:2] not in self._lines:
            source, line = self._elsewhere[path[:2]]
            self._problems.append(Problem(line, dotted(path), text, source))
            return
        place = self._lines.get(path, 0) or line or self.line(path)
        self._problems.append(Problem(place, dotted(path), text))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note mistakes that were found elsewhere."""
        self._problems.extend(problems)

    def line(self, path: Path) -> int:
        """The line of `path` or of the nearest part above it; 0 if there is none."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)

    def check(self) -> None:
        """Raises InventoryError if anything was noted."""
        if self._problems:
            raise InventoryError(self._source, self._problems)


def dotted(path: Path) -> str:
    """`hosts.alpha.port`, `peers[2].id` (places count from 0)."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'address'?`, or "" if no name is similar."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def shown(text: str, most: int = 400) -> str:
    """Untrusted text, made safe for one line of a terminal: without unprintable characters, at most so many.

    A longer one is cut in its middle, because what to do next stands at its end.
    """
    if len(text) <= most and text.isprintable():
        return text
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} ... {text[-most // 3 :]}"
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def described(value: object) -> str:
    """A value of the inventory in a few words, for a message about it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return shortened(f"'{value}'", value) if isinstance(value, str) else str(value)


def shortened(text: str, value: object) -> str:
    """`text` with a long value in it cut, so that the remedy after it can still be read."""
    if isinstance(value, str) and len(value) > 60:
        return text.replace(value, value[:57] + "...")
    return text


def _line(source: str, problem: Problem) -> str:
    source = problem.source or source
    where = f"{source}:{problem.line}" if problem.line else source
    return shown(f"{where}: {problem.key}: {problem.text}" if problem.key else f"{where}: {problem.text}")

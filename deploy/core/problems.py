"""What is wrong with an inventory, in lines for a person: `inventory.yaml:12: hosts.alpha.adress: unknown key`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from peer.core.errors import EXIT_USAGE, WeftError


class Problem(NamedTuple):
    """One mistake: the line (0: none to point at), the key's path ("" for the whole), what is wrong and what to do."""

    line: int
    key: str
    text: str


class InventoryError(WeftError):
    """The inventory or `--limit` is wrong; `str(error)` is one line a problem, all of those that were found."""

    code = EXIT_USAGE

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__("\n".join(_line(source, problem) for problem in self.problems))


def _line(source: str, problem: Problem) -> str:
    where = f"{source}:{problem.line}" if problem.line else source
    return f"{where}: {problem.key}: {problem.text}" if problem.key else f"{where}: {problem.text}"

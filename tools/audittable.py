"""Prints an audit on a terminal: its table and its findings, coloured where the terminal can."""

from __future__ import annotations

import sys
from typing import Optional, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.auditing import results as words
from tools.auditing.grading import Mark
from tools.auditing.rule import BROKEN, KEPT, Result

_STYLES = {KEPT: "green", BROKEN: "bold red"}
PLAIN_WIDTH = 160  # columns where there is no terminal


def show(results: Sequence[Result], mark: Optional[Mark], most: Optional[int]) -> None:
    """The table, the findings (at most `most` of each rule; None: all), and the sum at the end."""
    terminal = sys.stdout.isatty()
    console = Console(
        force_terminal=terminal, width=None if terminal else PLAIN_WIDTH, markup=False, highlight=False, emoji=False
    )
    console.print(_table(results))
    for line in words.finding_lines(results, most):
        console.print(Text(line, style="" if line.startswith(" ") else "bold"), soft_wrap=True)
    good = not any(one.state == BROKEN for one in results)
    console.print(Text(words.summary(results), style="bold green" if good else "bold red"), soft_wrap=True)
    if mark:
        console.print(Text(mark.words, style="bold"), soft_wrap=True)


def _table(results: Sequence[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in words.HEADINGS:
        table.add_column(heading, overflow="fold", no_wrap=heading != words.HEADINGS[-1])
    for one, row in zip(results, words.rows(results)):
        style = _STYLES.get(one.state, "dim")
        table.add_row(*(Text(cell, style=style if place < 2 else "") for place, cell in enumerate(row)))
    return table

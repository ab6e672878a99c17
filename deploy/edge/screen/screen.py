"""Everything a person or a program sees; the one module that imports rich."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rich import box
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.core.columns import columns
from deploy.core.command.astyped import FAB, as_typed
from deploy.core.inventory import shown
from deploy.core.progress import Line, PeerView, Progress, most_telling, overall, reasons
from deploy.core.working import Work, format_work
from deploy.edge.screen.transcript import Transcript
from peer.core.sizes import format_rate

_PICTURE_WIDTH = 130  # a SHA-256 fits into its column
_SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)  # it would ask the net for fonts
_PICTURE_LINES = 14  # event lines above the table in the picture
_WIDE = 100  # columns, from which on there is room to tell whom a peer lets fetch
_INDENT = 2
_ECHO = 2  # columns for the "^C" that a terminal writes after the live line: wrapped, it would keep that line there
REPORT_SECONDS = 10.0  # between two lines about what is going on, where there is no live display
_SOON_SECONDS = 0.3  # what is done sooner needs no display
_STYLES = {"done": "green", "seeding": "green", "downloading": "cyan", "checking": "yellow"}


class Screen:
    """Results go to stdout, progress and errors to stderr; with `as_json`, stdout holds one object a line.

    One thread owns it, the main thread; what others have to tell comes to that as events.

    A live display appears only where both are a terminal and `plain` isn't said.
    """

    def __init__(self, transcript: Transcript, as_json: bool = False, plain: bool = False, program: str = FAB) -> None:
        self.transcript = transcript
        self.as_json = as_json
        self._program = program
        # Not rich's own test: FORCE_COLOR and CI make it see terminals where there is none.
        self.lively = not plain and not as_json and sys.stdout.isatty() and sys.stderr.isatty()
        self._out = _console(sys.stdout, sys.stdout.isatty())
        self._err = _console(sys.stderr, sys.stderr.isatty())
        self._lines: IO[str] = sys.stderr
        self._live: Live | None = None
        self._recent: list[str] = []
        self._frame: RenderableType | None = None
        self._last: list[RenderableType] = []

    def typed(self, text: str) -> str:
        """The text with our commands as the operator types them."""
        return as_typed(text, self._program)

    def note(self, text: str, style: str = "") -> None:
        """A line about what is going on."""
        text = self.typed(text)
        self.transcript.write(text)
        self._err.print(Text(text, style=style), soft_wrap=True)

    def errors(self, lines: Sequence[str]) -> None:
        """One line an error."""
        for line in lines:
            self.note(line, "bold red")

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where there is none, so that lines may be of any length."""
        return self._out.width if self.lively else None

    def say(self, text: str, good: bool | None = True) -> None:
        """A result in one sentence; programs get theirs from `record`. `good`: None for a fact that is neither."""
        text = self.typed(text)
        self.transcript.write(text)
        line = Text(text, style="" if good is None else "bold green" if good else "bold red")
        self._last.append(line)
        if not self.as_json:
            self._out.print(line, soft_wrap=True)

    def print(self, text: str) -> None:
        """A result as it is, such as a file's text."""
        self.transcript.write(text)
        if not self.as_json:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def record(self, fields: Mapping[str, Any]) -> None:
        """One object of `--json`."""
        if self.as_json:
            sys.stdout.write(self.typed(json.dumps(fields)) + "\n")
            sys.stdout.flush()

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], good: Sequence[bool] = ()) -> None:
        """A result as a table; `good` colours its rows, the text must tell it too."""
        cells = [[shown(self.typed(cell)) for cell in row] for row in rows]
        plain = "\n".join(columns([list(headings), *cells]))
        self.transcript.write(plain)
        drawn = _table(headings, cells, good)
        self._last.append(drawn)
        if self.as_json:
            return
        if self.lively:
            self._out.print(drawn)
        else:
            sys.stdout.write(plain + "\n")

    @contextlib.contextmanager
    def busy(self) -> Iterator[Callable[[Work], None]]:
        """The work that the body hands to the given function is shown live in one line, or now and then as a line."""
        if self._live is not None:
            yield lambda _: None  # the display of the swarm tells it
            return
        begun = last = time.monotonic()
        live = Live(console=self._err, auto_refresh=False, transient=True)

        def show(work: Work) -> None:
            nonlocal last
            now = time.monotonic()
            if self.lively and now - begun > _SOON_SECONDS:
                live.start()
                line = " " * _INDENT + format_work(work, self._err.width - _INDENT - _ECHO)
                live.update(Text(line, style="cyan", no_wrap=True, overflow="ellipsis"), refresh=True)
            elif not self.lively and now - last >= REPORT_SECONDS:
                last = now
                self.note(format_work(work))

        try:
            yield show
        finally:
            live.stop()

    @contextlib.contextmanager
    def watching(self, lines_are_the_result: bool) -> Iterator[None]:
        """While the body runs, `tick` keeps a live display of the swarm at the bottom, if there is a terminal.

        Without one, the event lines go to stdout if they are what was asked for, else to stderr.
        """
        self._lines = sys.stdout if lines_are_the_result and not self.as_json else sys.stderr
        if not self.lively:
            yield
            return
        with Live(console=self._err, auto_refresh=False, transient=True) as self._live:
            try:
                yield
            finally:
                self._live = None

    def tick(self, progress: Progress, lines: Sequence[Line], wait: str = "") -> None:
        """Show new event lines, in one go, and the swarm as it is now. `wait`: a countdown, where there is one."""
        texts = [str(line) for line in lines]
        self.transcript.write("\n".join(texts))
        short = [line.short for line in lines]
        self._recent = [*self._recent, *short][-_PICTURE_LINES:]
        if self._live is None:
            if texts:
                self._lines.write("\n".join(texts) + "\n")
                self._lines.flush()
            return
        if texts:
            self._live.console.print(Text("\n".join(short)), soft_wrap=True)
        self._live.update(_panel(progress, self._err.height - 8, self._err.width, wait), refresh=True)

    def progress(self, progress: Progress, wait: str = "") -> None:
        """The swarm in one line, where there is no live display to tell it."""
        if self._live is None:
            self.note("; ".join(part for part in (overall(progress.views), wait) if part))

    def keep_frame(self, progress: Progress) -> None:
        """Remember this moment for the picture."""
        self._frame = Group(Text("\n".join(self._recent)), _panel(progress, 20, _PICTURE_WIDTH))

    def picture(self, path: str, title: str) -> None:
        """Write the kept moment and the tables shown since as an SVG."""
        console = _console(io.StringIO(), True, record=True, width=_PICTURE_WIDTH)
        for part in ([self._frame] if self._frame else []) + self._last:
            console.print(part)
        Path(path).write_text(console.export_svg(title=self.typed(title), code_format=_SVG), "utf-8")


def _console(file: IO[str], terminal: bool, record: bool = False, width: int | None = None) -> Console:
    """A host's text is text, whatever it looks like: no markup, no emoji, no colours of rich's own finding."""
    return Console(
        file=file,
        force_terminal=terminal,
        record=record,
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
    )


def _panel(progress: Progress, room: int, width: int, wait: str = "") -> RenderableType:
    """The live display: a row for each peer that has something to tell, as many as fit, why they wait, and the sum."""
    why = reasons(most_telling(progress.views, room)[0])
    views, hidden = most_telling(progress.views, room - sum(1 + len(line) // (width - _INDENT) for line in why))
    wide = width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    for heading in ("peer", "host"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", min_width=8, ratio=2)
    for heading in ("pieces", "down", "up"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    if wide:
        table.add_column("unchoked", no_wrap=True, ratio=1, overflow="ellipsis")
    for view in views:
        table.add_row(*_cells(view)[: len(table.columns)])
    rest = f"  +{hidden} more" if hidden else ""
    lines = (Padding(Text(line), (0, 0, 0, _INDENT)) for line in why)
    waits = [Text(f"  {wait}", style="yellow")] if wait else []
    return Group(table, *lines, *waits, Text(f"  {overall(progress.views)}{rest}", style="bold"))


def _cells(view: PeerView) -> list[RenderableType]:
    status = view.status
    style = "red" if view.failed or view.unheard else _STYLES.get(status.state if status else "", "")
    bar = ProgressBar(total=1.0, completed=view.fraction, complete_style=style or "cyan", finished_style="green")
    rates = [format_rate(rate) for rate in view.rates] if view.rates else ["-", "-"]
    return [
        Text(str(view.peer)),
        Text(view.host),
        bar,
        Text(f"{status.pieces}/{status.total}" if status else "-"),
        *map(Text, rates),
        Text(view.word, style=style),
        Text(view.unchoked),
    ]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], good: Sequence[bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading != headings[-1])  # what is long stands last
    for place, row in enumerate(rows):
        style = "" if place >= len(good) else "green" if good[place] else "red"
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table

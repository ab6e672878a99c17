"""Everything a person or a program sees, and where each part of it goes."""

from __future__ import annotations

import contextlib
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from deploy.core.columns import columns
from deploy.core.command.astyped import FAB, as_typed
from deploy.core.inventory import shown
from deploy.core.ownplace import refused_here
from deploy.core.progress import Line, Progress, overall
from deploy.core.working import Work, format_work
from deploy.edge.screen.transcript import Transcript

if TYPE_CHECKING:
    from deploy.edge.screen.terminal import Terminal

_PICTURE_LINES = 14  # event lines above the table in the picture
REPORT_SECONDS = 10.0  # between two lines about what is going on, where there is no live display
_SOON_SECONDS = 0.3  # what is done sooner needs no display

Drawing = Callable[["Terminal"], None]


class Page(Protocol):
    """A page that shows the run to browsers on this machine."""

    def tick(self, progress: Progress, lines: Sequence[Line]) -> None:
        """The swarm as it is now, and new lines."""

    def work(self, text: str) -> None:
        """What is done now."""


class Screen:
    """Results go to stdout, progress and errors to stderr; with `as_json`, stdout holds one object a line.

    One thread owns it, the main thread; what others have to tell comes to that as events.

    A live display appears only where both are a terminal and `plain` isn't said.
    """

    def __init__(self, transcript: Transcript, as_json: bool = False, plain: bool = False, program: str = FAB) -> None:
        self.transcript = transcript
        transcript.complain = lambda error: self.errors([": ".join(refused_here(error))])
        self.as_json = as_json
        self._program = program
        self._out, self._err = _terminal(sys.stdout), _terminal(sys.stderr)  # None for what is none
        self.lively = not plain and not as_json and self._out is not None and self._err is not None
        self._lines: IO[str] = sys.stderr
        self._watched = False  # a live display tells how the swarm is
        self.page: Page | None = None
        self._recent: list[str] = []
        self._moment: Drawing | None = None
        self._last: list[Drawing] = []

    def typed(self, text: str) -> str:
        """The text with our commands as the operator types them."""
        return as_typed(text, self._program)

    def note(self, text: str, style: str = "") -> None:
        """A line about what is going on."""
        text = self.typed(text)
        self.transcript.write(text)
        _line(self._err, sys.stderr, text, style)

    def errors(self, lines: Sequence[str]) -> None:
        """One line an error."""
        for line in lines:
            self.note(line, "bold red")

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where there is none, so that lines may be of any length."""
        return self._out.width if self.lively and self._out is not None else None

    def say(self, text: str, good: bool | None = True) -> None:
        """A result in one sentence; programs get theirs from `record`. `good`: None for a fact that is neither."""
        text = self.typed(text)
        self.transcript.write(text)
        style = "" if good is None else "bold green" if good else "bold red"
        self._last.append(lambda terminal: terminal.line(text, style))
        if not self.as_json:
            _line(self._out, sys.stdout, text, style)

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
        self._last.append(lambda terminal: terminal.table(headings, cells, good))
        if self.as_json:
            return
        if self.lively and self._out is not None:
            self._out.table(headings, cells, good)
        else:
            sys.stdout.write(plain + "\n")

    @contextlib.contextmanager
    def busy(self) -> Iterator[Callable[[Work], None]]:
        """The work that the body hands to the given function is shown live in one line, or now and then as a line."""
        if self._watched:
            yield lambda _: None  # the display of the swarm tells it
            return
        begun = last = time.monotonic()
        display = self._err if self.lively else None

        def show(work: Work) -> None:
            nonlocal last
            now = time.monotonic()
            if self.page is not None:
                self.page.work(format_work(work))
            if display is not None and now - begun > _SOON_SECONDS:
                display.work(work)
            elif display is None and now - last >= REPORT_SECONDS:
                last = now
                self.note(format_work(work))

        try:
            yield show
        finally:
            if display is not None:
                display.end()

    @contextlib.contextmanager
    def watching(self, lines_are_the_result: bool) -> Iterator[None]:
        """While the body runs, `tick` keeps a live display of the swarm at the bottom, if there is a terminal.

        Without one, the event lines go to stdout if they are what was asked for, else to stderr.
        """
        self._lines = sys.stdout if lines_are_the_result and not self.as_json else sys.stderr
        if not self.lively or self._err is None:
            yield
            return
        self._err.begin()
        self._watched = True
        try:
            yield
        finally:
            self._watched = False
            self._err.end()

    def tick(self, progress: Progress, lines: Sequence[Line], wait: str = "") -> None:
        """Show new event lines, in one go, and the swarm as it is now. `wait`: a countdown, where there is one."""
        texts = [str(line) for line in lines]
        self.transcript.write("\n".join(texts))
        if self.page is not None:
            self.page.tick(progress, lines)
        short = [line.short for line in lines]
        self._recent = [*self._recent, *short][-_PICTURE_LINES:]
        if self._watched and self._err is not None:
            if texts:
                self._err.line("\n".join(short))
            self._err.swarm(progress.views, wait)
        elif texts:
            self._lines.write("\n".join(texts) + "\n")
            self._lines.flush()

    def progress(self, progress: Progress, wait: str = "") -> None:
        """The swarm in one line, where there is no live display to tell it."""
        if not self._watched:
            self.note("; ".join(part for part in (overall(progress.views), wait) if part))

    def keep_frame(self, progress: Progress) -> None:
        """Remember this moment for the picture."""
        lines, views = self._recent, [copy.copy(view) for view in progress.views]
        self._moment = lambda terminal: terminal.moment(lines, views)

    def picture(self, path: str, title: str) -> None:
        """Write the kept moment and the tables shown since as an SVG."""
        from deploy.edge.screen.terminal import Terminal

        terminal = Terminal()
        for draw in ([self._moment] if self._moment else []) + self._last:
            draw(terminal)
        Path(path).write_text(terminal.svg(self.typed(title)), "utf-8")


def _terminal(file: IO[str]) -> Terminal | None:
    """The terminal that a stream leads to; None where it leads elsewhere, though FORCE_COLOR or CI be set."""
    if not file.isatty():
        return None
    from deploy.edge.screen.terminal import Terminal  # with rich, which is slow to load

    return Terminal(file)


def _line(terminal: Terminal | None, file: IO[str], text: str, style: str) -> None:
    """A line, in colour on a terminal."""
    if terminal is None:
        print(text, file=file, flush=True)
    else:
        terminal.line(text, style)

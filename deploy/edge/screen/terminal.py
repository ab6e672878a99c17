"""What is drawn: lines in colour, tables, the live display, pictures; the one module of ours that imports rich."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import IO, Any, Literal

from rich import box
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.core.columns import cut_middle
from deploy.core.progress import PeerView, most_telling, overall, reasons
from deploy.core.working import Work, format_work
from peer.core.sizes import format_rate

_PICTURE_WIDTH = 130  # a SHA-256 fits into its column
_PICTURE_ROOM = 20  # rows of peers
_SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.S)  # it would ask the net for fonts
_REST = 8  # rows of the screen that the live display leaves alone
_WIDE = 100  # columns, from which on there is room to tell whom a peer lets fetch
_COLUMNS = _PEER, _HOST, _BAR, _PIECES, _DOWN, _UP, _STATE, _UNCHOKED = (
    "peer", "host", "", "pieces", "down", "up", "state", "unchoked",
)  # fmt: skip
_LEAST_BAR = 5
_EDGES, _GAP = 4, 3  # columns beside a table, and between its columns
_INDENT = 2
_ECHO = 2  # columns for the "^C" that a terminal writes after the live line: wrapped, it would keep that line there
_STYLES = {"done": "green", "seeding": "green", "downloading": "cyan", "checking": "yellow"}


class Terminal:
    """A terminal, or a picture of one."""

    def __init__(self, file: IO[str] | None = None) -> None:
        """`file`: the terminal; None for a picture."""
        self._is_picture = file is None
        # A host's text is text, whatever it looks like: no markup, no emoji, no colours of rich's own finding.
        self._console = Console(
            file=file or io.StringIO(),
            force_terminal=True,
            record=self._is_picture,
            width=_PICTURE_WIDTH if self._is_picture else None,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._live: Live | None = None

    @property
    def width(self) -> int:
        """Its columns."""
        return self._console.width

    def line(self, text: str, style: str = "") -> None:
        """One line or several, above the live display if there is one; a terminal wraps them itself."""
        self._console.print(Text(text, style=style), soft_wrap=not self._is_picture)

    def table(self, headings: Sequence[str], cells: Sequence[Sequence[str]], good: Sequence[bool]) -> None:
        """A table; `good` colours its rows."""
        self._console.print(_table(headings, cells, good))

    def moment(self, lines: Sequence[str], views: Sequence[PeerView]) -> None:
        """A moment of a swarm in a picture: its latest lines, and the peers."""
        self._console.print(Group(Text("\n".join(lines)), panel(views, _PICTURE_ROOM, _PICTURE_WIDTH)))

    def begin(self) -> None:
        """From now on the last lines are live."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def end(self) -> None:
        """Take the live lines away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def work(self, work: Work) -> None:
        """Live: the hosts' work in one line."""
        line = " " * _INDENT + format_work(work, self.width - _INDENT - _ECHO)
        self._update(Text(line, style="cyan", no_wrap=True, overflow="ellipsis"))

    def swarm(self, views: Sequence[PeerView], wait: str) -> None:
        """Live: the swarm as it is now."""
        self._update(panel(views, self._console.height - _REST, self.width, wait))

    def svg(self, title: str) -> str:
        """The picture of all that was drawn."""
        return self._console.export_svg(title=title, code_format=_SVG)

    def _update(self, drawn: RenderableType) -> None:
        self.begin()
        assert self._live is not None
        self._live.update(drawn, refresh=True)


def panel(views: Sequence[PeerView], room: int, width: int, wait: str = "") -> RenderableType:
    """The live display: a row for each peer that has something to tell, as many as fit, why they wait, and the sum."""
    why = reasons(most_telling(views, room)[0])
    shown, hidden = most_telling(views, room - sum(1 + len(line) // (width - _INDENT) for line in why))
    rows = [_cells(view) for view in shown]
    kept, most = _fitting(rows, width)
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    for heading in kept:
        side: Literal["left", "right"] = "right" if heading in (_PIECES, _DOWN, _UP) else "left"
        ratio = 1 if heading in (_BAR, _UNCHOKED) else None
        table.add_column(heading, justify=side, no_wrap=True, ratio=ratio, overflow="ellipsis")
    for row in rows:
        row[_HOST] = Text(cut_middle(row[_HOST].plain, most))
        table.add_row(*(row[heading] for heading in kept))
    rest = f"  +{hidden} more" if hidden else ""
    lines = (Padding(Text(line), (0, 0, 0, _INDENT)) for line in why)
    waits = [Text(f"  {wait}", style="yellow")] if wait else []
    return Group(table, *lines, *waits, Text(f"  {overall(views)}{rest}", style="bold"))


def _fitting(rows: Sequence[Mapping[str, Any]], width: int) -> tuple[list[str], int]:
    """The columns for which there is room, and how many letters of a host's name: what says least is left out."""
    wanted = {_BAR: _LEAST_BAR, _UNCHOKED: len(_UNCHOKED)}
    wanted = {one: wanted.get(one) or max([len(one), *(len(row[one].plain) for row in rows)]) for one in _COLUMNS}
    kept = [one for one in _COLUMNS if one != _UNCHOKED or width >= _WIDE]
    for least in (_UP, _BAR):
        if _taken(wanted, kept) > width:
            kept.remove(least)
    return kept, wanted[_HOST] - max(0, _taken(wanted, kept) - width)


def _taken(wanted: Mapping[str, int], kept: Sequence[str]) -> int:
    """Columns of the terminal."""
    return _EDGES + sum(wanted[one] + _GAP for one in kept) - _GAP


def _cells(view: PeerView) -> dict[str, Any]:
    """By column."""
    status = view.status
    style = "red" if view.failed or view.unheard else _STYLES.get(status.state if status else "", "")
    bar = ProgressBar(total=1.0, completed=view.fraction, complete_style=style or "cyan", finished_style="green")
    rates = [format_rate(rate) for rate in view.rates] if view.rates else ["-", "-"]
    return {
        _PEER: Text(str(view.peer)),
        _HOST: Text(view.host),
        _BAR: bar,
        _PIECES: Text(f"{status.pieces}/{status.total}" if status else "-"),
        _DOWN: Text(rates[0]),
        _UP: Text(rates[1]),
        _STATE: Text(view.word, style=style),
        _UNCHOKED: Text(view.unchoked),
    }


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], good: Sequence[bool]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading != headings[-1])  # what is long stands last
    for place, row in enumerate(rows):
        style = "" if place >= len(good) else "green" if good[place] else "red"
        table.add_row(*(Text(cell) for cell in row), style=style)
    return table

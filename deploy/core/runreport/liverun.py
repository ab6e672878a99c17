"""A run that is going on, as its page shows it: made of the progress that the console shows, and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploy.core.inventory import Inventory
from deploy.core.prediction import limit_seconds
from deploy.core.progress import Line, PeerView, Progress, overall
from deploy.core.runreport.pagedata import page_data
from deploy.core.runreport.recorded import Place, Recorded
from deploy.core.summary import groups_of, zones_of
from peer.core import eventlog, trace
from peer.core.noted import came, parse_noted
from peer.core.status import Status
from peer.core.trace import Head, Note, Trace
from peer.core.tracer import Tracer, every_of

MOST_NOTES = 5000  # of a peer
MOST_LINES = 12
MOST_PEERS = 100  # whose pieces are drawn meanwhile
_NOT_YET = "no news yet"
_NOT_TOLD = -1  # from whom a piece came is in the trace alone


class _Followed:
    """One peer's trace, as far as its statuses and lines tell it."""

    def __init__(self, first: Status, pieces: bool) -> None:
        self._pieces = pieces
        self._tracer = Tracer(first.total)
        every = every_of(first.total)
        self.trace = Trace(Head(first.peer, first.run, first.started, first.total, first.size, every), [])
        self.seen = first
        self._ms = 0
        self._had = 0 if first.bytes_down else _noted(first)  # what was there before it fetched anything
        self.status(first)

    def status(self, status: Status) -> None:
        """A status came."""
        self.seen = status
        self._ms = max(self._ms, round(1000 * (status.updated - self.trace.head.began)))
        for note in self._tracer.status(status, self._ms):
            self._keep(note)
        has = _noted(status) if self._pieces else 0
        for piece in came(self._had, has, status.total):
            self._keep(Note(self._ms, trace.PIECE, (_NOT_TOLD, piece, -1)))
        self._had |= has

    def line(self, text: str) -> None:
        """A line of its event log came."""
        entry = eventlog.parse_line(text)
        note = self._tracer.entry(entry, self._ms) if entry else None
        if note is None:
            return
        if note.kind == trace.PIECE:  # with --every: this tells more than the next status
            self._had |= 1 << note.values[1] // self.trace.head.every
        self._keep(note)

    def _keep(self, note: Note) -> None:
        if len(self.trace.notes) < MOST_NOTES:
            self.trace.notes.append(note)


def _noted(last: Status) -> int:
    """The pieces that it has, as far as it tells."""
    try:
        return parse_noted(last.noted, last.total)
    except ValueError:
        return 0


class LiveRun:
    """`doing`: what is done before there is a swarm to look at."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._groups, self._zones = groups_of(inventory), zones_of(inventory)
        self._followed: dict[int, _Followed] = {}
        self._views: tuple[PeerView, ...] = ()
        self._lines: list[str] = []
        self.doing = "preparing"

    def tick(self, progress: Progress, lines: Sequence[Line]) -> None:
        """Take in what the console shows now."""
        self._views = progress.views
        for view in self._views:
            known = self._followed.get(view.peer)
            if view.status is None or (known and known.seen is view.status):
                continue
            if known:
                known.status(view.status)
            else:
                self._followed[view.peer] = _Followed(view.status, len(self._views) <= MOST_PEERS)
        for line in lines:
            if line.peer in self._followed:
                self._followed[line.peer].line(line.text)
        self._lines = [*self._lines, *(line.short for line in lines[-MOST_LINES:])][-MOST_LINES:]

    def data(self, run: str, seconds: float) -> dict[str, Any]:
        """For the page; `seconds`: of the user, so far."""
        traces = {peer: one.trace for peer, one in self._followed.items()}
        recorded = Recorded(self._summary(run, seconds), self._places(), traces, live=True)
        return {**page_data(recorded), "lines": self._lines}

    def _places(self) -> list[Place]:
        peers = self._inventory.chosen_peers
        folded = {one.host: (self._groups.get(one.host, ""), self._zones.get(one.host, "")) for one in peers}
        return [Place(one.peer_id, one.host, one.seed, *folded[one.host]) for one in peers]

    def _summary(self, run: str, seconds: float) -> dict[str, Any]:
        swarm, rows = self._inventory.swarm, list(map(_row, self._views))
        size = max((view.status.size for view in self._views if view.status), default=0)
        limit = limit_seconds(self._inventory, size) if size else None
        hosts = {peer.host for peer in self._inventory.chosen_peers}
        lacking = hosts - {row["host"] for row in rows} | {row["host"] for row in rows if not row["good"]}
        return {
            "run": run or "-",
            "swarm": swarm.name,
            "payload": swarm.payload.name,
            "exit_code": None,
            "sentence": overall(self._views) if self._followed else self.doing,
            "bytes": size or None,
            "hosts": len(hosts),
            "complete_hosts": len(hosts) - len(lacking),
            "user_seconds": seconds,
            "seconds": None,
            "limit": limit._asdict() if limit else None,
            "notices": self._inventory.notices,
            "peers": rows,
            "phases": {},
            **dict.fromkeys(("errors", "slow", "failures"), ()),
        }


def _row(view: PeerView) -> dict[str, Any]:
    last = view.status
    return {
        "peer": view.peer,
        "host": view.host,
        "pieces": last.pieces if last else None,
        "total": last.total if last else None,
        "bytes": None,
        "seconds": last.completed - last.started if last and last.completed and not view.seed else None,
        "verdict": view.state if last else _NOT_YET,
        "good": True if view.complete else False if view.failed else None,
    }

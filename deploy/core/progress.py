"""The console's state of a running swarm: the followed events of all hosts, folded into one PeerView for each peer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deploy.core.inventory import Inventory, shown
from deploy.core.working import seconds_left
from peer.core import eventlog
from peer.core.followline import FollowLine, LogLine, StatusLine
from peer.core.listing import listed
from peer.core.sizes import format_rate
from peer.core.status import CHECKING, DOWNLOADING, ENDED, Status, doing
from peer.core.swarmfile import FLEET

# Every peer logs one of these for each piece and neighbour: too many to read, and the bars show the same.
FREQUENT = ("have", "interested", "not interested", "piece")
_OF_FLEET = ("dialled", "accepted", "preferred", "optimistic", "unchoked", "choked")  # its peers choose for themselves
SILENT_SECONDS = 5.0  # a running peer writes its status every other second at least
_FEW = 32  # peers whose statuses are all read
_PACE = 1.0  # seconds between two statuses of one of many
MOST_REASONS = 5  # lines below a table of many peers
_MOST_NAMED = 4  # peers that one such line names


class Line(NamedTuple):
    """One line of a peer's event log on its way to the screen. `notable`: not one of the frequent kinds."""

    peer: int
    host: str
    text: str
    notable: bool

    def __str__(self) -> str:
        return f"{self.host}/{self.peer} | {self.text}"

    @property
    def short(self) -> str:
        """The line for a terminal: without the date, and with the peer's ID only once."""
        when, _, what = self.text.partition(": ")
        return f"{when[11:]} {self.host}/{self.peer} {what.removeprefix(f'Peer {self.peer} ')}"


@dataclass
class PeerView:
    """One peer as far as we know. `trouble`: why its host is unreachable now; "" if it isn't."""

    peer: int
    host: str
    seed: bool
    status: Status | None = None
    alive: bool | None = None
    trouble: str = ""
    heard: float | None = None  # when its last status came (steady clock)
    silent: float = 0.0  # seconds without news, though it should write its status; 0: all is well
    offset: int = 0  # bytes of its log that were shown: the offset to continue from after a lost connection

    @property
    def ended(self) -> bool:
        """Whether the peer has left, for any reason."""
        return self.alive is False or (self.alive is None and self.status is not None and self.status.state in ENDED)

    @property
    def complete(self) -> bool:
        """Whether it has the complete payload under its final name."""
        return self.status is not None and (self.status.completed > 0 or self.status.state == "done")

    @property
    def runs(self) -> bool:
        """Whether it told its status, and hasn't left."""
        return self.status is not None and not self.ended

    @property
    def finishing(self) -> bool:
        """Whether it has every piece and puts what is left on its disk: that may take a while, and it won't give up."""
        status = self.status if self.runs and not self.unheard else None
        return status is not None and status.state == DOWNLOADING and status.pieces == status.total

    @property
    def unheard(self) -> bool:
        """Whether nothing comes from it that should."""
        return bool(self.trouble or self.silent)

    @property
    def failed(self) -> bool:
        """Whether it left without the payload."""
        return self.ended and not self.complete

    @property
    def killed(self) -> bool:
        """Whether it left without writing a last status, so that its status doesn't give the reason."""
        return self.ended and self.status is not None and self.status.state not in ENDED

    @property
    def fraction(self) -> float:
        """The fraction of the payload that it has, 0 to 1."""
        if self.status is None or not self.status.total:
            return 1.0 if self.complete else 0.0
        return self.status.pieces / self.status.total

    @property
    def rates(self) -> tuple[float, float] | None:
        """Bytes a second down and up; None if they are old or were never known."""
        if self.status is None or not self.runs or self.unheard:
            return None
        return self.status.rate_down, self.status.rate_up

    @property
    def checks(self) -> Status | None:
        """Its status while it checks what lies on its disk; None otherwise, or if that is old."""
        return self.status if self.rates and self.status and self.status.state == CHECKING else None

    @property
    def missing(self) -> float:
        """Bytes that it lacks and may still get."""
        return (1 - self.fraction) * self.status.size if self.status and self.runs else 0.0

    def wait(self, now: float) -> None:
        """Update for how long it has been silent."""
        speaks = self.status is not None and self.runs and self.status.listening
        seconds = now - self.heard if speaks and self.heard is not None else 0.0
        self.silent = seconds if seconds >= SILENT_SECONDS or self.trouble else 0.0

    @property
    def unchoked(self) -> str:
        """The neighbours that it unchokes, with a star at an optimistically unchoked one."""
        if self.status is None or not self.runs:
            return ""
        names = [str(neighbour.peer) for neighbour in self.status.neighbours if neighbour.we_unchoke]
        return " ".join(f"{name}*" if name == str(self.status.optimistic) else name for name in names)

    @property
    def word(self) -> str:
        """Its state in a word or two."""
        if self.silent:
            return f"silent {self.silent:.0f} s"
        if self.trouble:
            return "lost"
        if self.status is None:
            return "no news yet" if self.alive is not False else "never started"
        if self.killed:
            return f"killed while {self.status.state}"
        return doing(self.status.state, self.status.checked, self.status.to_check)

    @property
    def reason(self) -> str:
        """The reason for its state, or for missing news; "" if none is needed."""
        if self.trouble or self.status is None or self.killed:
            return self.trouble
        return shown(self.status.reason)

    @property
    def state(self) -> str:
        """The word, and the reason if there is one."""
        return f"{self.word}: {self.reason}" if self.reason else self.word


class Progress:
    """All views of the chosen peers, in PeerInfo order. `run`: statuses of other runs don't count; "": all do."""

    def __init__(self, inventory: Inventory, run: str = "") -> None:
        self._run = run
        self.quiet = FREQUENT + (_OF_FLEET if inventory.swarm.profile == FLEET else ())
        self._views = {peer.peer_id: PeerView(peer.peer_id, peer.host, peer.seed) for peer in inventory.chosen_peers}
        self._on_host: dict[str, list[PeerView]] = {}
        for view in self._views.values():
            self._on_host.setdefault(view.host, []).append(view)

    @property
    def pace(self) -> float:
        """Seconds between two statuses of a peer: of many peers, reading all would be most of the operator's work."""
        return _PACE if len(self._views) > _FEW else 0.0

    @property
    def views(self) -> tuple[PeerView, ...]:
        """The views in PeerInfo order."""
        return tuple(self._views.values())

    def wait(self, now: float) -> None:
        """Update for how long each peer has been silent."""
        for view in self._views.values():
            view.wait(now)

    def see(self, line: FollowLine, now: float = 0.0) -> tuple[Line, ...]:
        """Take in one line of `peer follow` that came at `now` (steady clock); returns the lines to show."""
        view = self._views.get(line.peer)
        if view is None:
            return ()
        view.trouble = ""
        if isinstance(line, LogLine):
            return self._see_log(view, line)
        if isinstance(line, StatusLine):
            self._see_status(view, line.status, now)
        else:
            view.alive = line.alive
        return ()

    def begin(self, peer: int) -> None:
        """The peer was started: earlier news is about an earlier process."""
        view = self._views.get(peer)
        if view is not None:
            view.trouble, view.alive = "", None

    def lose(self, host: str, trouble: str) -> None:
        """The host is unreachable now."""
        for view in self._on(host):
            view.trouble = trouble if not view.ended else ""

    def hear(self, host: str) -> None:
        """The host is connected (again)."""
        for view in self._on(host):
            view.trouble = ""

    def offsets(self, host: str) -> dict[int, int]:
        """The offsets from which to continue each log of a host."""
        return {view.peer: view.offset for view in self._on(host)}

    def unclear(self, host: str) -> bool:
        """Whether a peer of the host may still run."""
        return any(view.status is None or view.status.state not in ENDED for view in self._on(host))

    def _on(self, host: str) -> Iterable[PeerView]:
        return self._on_host.get(host, ())

    def _see_log(self, view: PeerView, line: LogLine) -> tuple[Line, ...]:
        view.offset = line.offset
        entry = eventlog.parse_line(line.text)
        notable = entry is None or entry.kind not in self.quiet
        return (Line(view.peer, view.host, shown(line.text), notable),)

    def _see_status(self, view: PeerView, status: Status, now: float) -> None:
        if not self._run or status.run == self._run:
            view.status, view.heard, view.silent = status, now, 0.0


def most_telling(views: Iterable[PeerView], room: int) -> tuple[tuple[PeerView, ...], int]:
    """The views that fit into `room` rows, and how many are left out: those in trouble, unfinished ones, the others."""
    ranked = sorted(views, key=_rank)
    kept = ranked[: max(room, 1)]
    return tuple(kept), len(ranked) - len(kept)


def _rank(view: PeerView) -> int:
    if view.failed or view.unheard:
        return 0
    if view.status is None:
        return 2
    return 1 if view.fraction < 1 else 4 if view.ended else 3


def reasons(views: Iterable[PeerView], most: int = MOST_REASONS) -> tuple[str, ...]:
    """The reasons of the peers' states, a line for each different one: `1002, 1004: waiting for 1003`."""
    same: dict[str, list[str]] = {}
    for view in views:
        if view.reason:
            same.setdefault(view.reason, []).append(str(view.peer))
    lines = [f"{listed(peers, _MOST_NAMED)}: {reason}" for reason, peers in same.items()]
    rest = len(lines) - most
    return (*lines[: most - 1], f"and {rest + 1} other reasons") if rest > 0 else tuple(lines)


def overall(views: Iterable[PeerView]) -> str:
    """The swarm in one line: `5 of 8 complete, 1 failed, 1 silent; 71%, 120 MiB/s, 12 s left`.

    Who checks what it has is in it too, `2 checking (43 %, 1.2 GiB/s)`, and who has every piece, `2 finishing`.
    """
    views = tuple(views)
    rate = sum(view.rates[0] for view in views if view.rates and view.missing)  # the others receive only messages
    checks = [view.checks for view in views if view.checks]
    failed, silent = sum(view.failed for view in views), sum(view.unheard for view in views)
    parts = [f"{sum(view.complete for view in views)} of {len(views)} complete"]
    parts += [f"{count} {word}" for count, word in ((failed, "failed"), (silent, "silent")) if count]
    if any(one.to_check for one in checks):
        done = 100 * sum(one.checked for one in checks) // sum(one.to_check for one in checks)
        pace = sum(one.rate_checked for one in checks)
        left = seconds_left(sum(one.to_check - one.checked for one in checks), pace)
        parts.append(f"{len(checks)} checking ({done} %, {format_rate(pace)}{left})")
    if finishing := sum(view.finishing for view in views):
        parts.append(f"{finishing} finishing")
    left = seconds_left(sum(view.missing for view in views), rate)
    return f"{', '.join(parts)}; {_percent(views)}%, {format_rate(rate)}{left}"


def _percent(views: Sequence[PeerView]) -> int:
    """The percentage of the receivers' bytes that are there; rounded down, so that 100 means all."""
    wanting = [view for view in views if not view.seed] or views
    return int(100 * sum(view.fraction for view in wanting) / len(wanting)) if wanting else 0

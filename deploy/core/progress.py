"""What the console knows of a running swarm: the followed events of all hosts, folded into one PeerView a peer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from deploy.core.inventory import Inventory, shown
from peer.core import eventlog
from peer.core.followline import FollowLine, LogLine, StatusLine
from peer.core.listing import listed
from peer.core.status import ENDED, Status

# Of every piece on every peer there is one of these for each neighbour: too many to read, and the bars tell the same.
FREQUENT = ("have", "interested", "not interested", "piece")
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
        """For a screen that is watched: without the date, and without saying twice whose line it is."""
        when, _, what = self.text.partition(": ")
        return f"{when[11:]} {self.host}/{self.peer} {what.removeprefix(f'Peer {self.peer} ')}"


@dataclass
class PeerView:
    """One peer as far as we heard. `trouble`: why we don't hear from its host now; "" if we do."""

    peer: int
    host: str
    seed: bool
    status: Status | None = None
    alive: bool | None = None
    trouble: str = ""
    offset: int = 0  # bytes of its log that were shown: where to go on after a lost connection

    @property
    def ended(self) -> bool:
        """Whether the peer has left, for whatever reason."""
        return self.alive is False or (self.alive is None and self.status is not None and self.status.state in ENDED)

    @property
    def whole(self) -> bool:
        """Whether it has the whole payload under its final name."""
        return self.status is not None and (self.status.completed > 0 or self.status.state == "done")

    @property
    def failed(self) -> bool:
        """Whether it left without the payload."""
        return self.ended and not self.whole

    @property
    def killed(self) -> bool:
        """Whether it left without saying so: whatever its last status says, that isn't why."""
        return self.ended and self.status is not None and self.status.state not in ENDED

    @property
    def fraction(self) -> float:
        """How much of the payload it has, 0 to 1."""
        if self.status is None or not self.status.total:
            return 1.0 if self.whole else 0.0
        return self.status.pieces / self.status.total

    @property
    def unchoked(self) -> str:
        """Whom it lets fetch; an optimistically unchoked one with a star."""
        if self.status is None or self.ended:
            return ""
        names = [str(neighbour.peer) for neighbour in self.status.neighbours if neighbour.we_unchoke]
        return " ".join(f"{name}*" if name == str(self.status.optimistic) else name for name in names)

    @property
    def word(self) -> str:
        """What it does, in a word or two."""
        if self.trouble:
            return "lost"
        if self.status is None:
            return "not heard of yet" if self.alive is not False else "never started"
        return f"killed while {self.status.state}" if self.killed else self.status.state

    @property
    def reason(self) -> str:
        """Why it does so, or can't be heard; "" where nothing needs a reason."""
        if self.trouble or self.status is None or self.killed:
            return self.trouble
        return shown(self.status.reason)

    @property
    def state(self) -> str:
        """The word, and the reason where there is one."""
        return f"{self.word}: {self.reason}" if self.reason else self.word


class Progress:
    """All views of the chosen peers, in PeerInfo order. `run`: statuses of other runs are old news; "": any will do."""

    def __init__(self, inventory: Inventory, run: str = "") -> None:
        self._run = run
        self._views = {peer.peer_id: PeerView(peer.peer_id, peer.host, peer.seed) for peer in inventory.chosen_peers}

    @property
    def views(self) -> tuple[PeerView, ...]:
        """The views in PeerInfo order."""
        return tuple(self._views.values())

    def see(self, line: FollowLine) -> tuple[Line, ...]:
        """Take in one line of `peer follow`; the lines that it gives to show."""
        view = self._views.get(line.peer)
        if view is None:
            return ()
        view.trouble = ""
        if isinstance(line, LogLine):
            return self._see_log(view, line)
        if isinstance(line, StatusLine):
            self._see_status(view, line.status)
        else:
            view.alive = line.alive
        return ()

    def begin(self, peer: int) -> None:
        """The peer was started: what its host said before is about an earlier process."""
        view = self._views.get(peer)
        if view is not None:
            view.trouble, view.alive = "", None

    def lose(self, host: str, trouble: str) -> None:
        """The host can't be heard now."""
        for view in self._on(host):
            view.trouble = trouble if not view.ended else ""

    def hear(self, host: str) -> None:
        """The host can be heard (again)."""
        for view in self._on(host):
            view.trouble = ""

    def offsets(self, host: str) -> dict[int, int]:
        """Where to go on in each log of a host."""
        return {view.peer: view.offset for view in self._on(host)}

    def unclear(self, host: str) -> bool:
        """Whether a peer of the host has not said that it ended."""
        return any(view.status is None or view.status.state not in ENDED for view in self._on(host))

    def _on(self, host: str) -> Iterable[PeerView]:
        return (view for view in self._views.values() if view.host == host)

    def _see_log(self, view: PeerView, line: LogLine) -> tuple[Line, ...]:
        view.offset = line.offset
        entry = eventlog.parse_line(line.text)
        notable = entry is None or entry.kind not in FREQUENT
        return (Line(view.peer, view.host, shown(line.text), notable),)

    def _see_status(self, view: PeerView, status: Status) -> None:
        if not self._run or status.run == self._run:
            view.status = status


def most_telling(views: Iterable[PeerView], room: int) -> tuple[tuple[PeerView, ...], int]:
    """The views that fit into `room` rows, in their order, and how many are left out: active ones go first."""
    views = tuple(views)
    if len(views) <= room:
        return views, 0
    ranked = sorted(range(len(views)), key=lambda place: (_rank(views[place]), place))
    kept = sorted(ranked[: max(room, 1)])
    return tuple(views[place] for place in kept), len(views) - len(kept)


def _rank(view: PeerView) -> int:
    if view.trouble or view.failed:
        return 0
    if view.status is None or view.ended:
        return 3
    return 1 if view.fraction < 1 else 2


def reasons(views: Iterable[PeerView], most: int = MOST_REASONS) -> tuple[str, ...]:
    """Why peers stand as they do, a line for each different reason: `1002, 1004: waiting for 1003`."""
    same: dict[str, list[str]] = {}
    for view in views:
        if view.reason:
            same.setdefault(view.reason, []).append(str(view.peer))
    lines = [f"{listed(peers, _MOST_NAMED)}: {reason}" for reason, peers in same.items()]
    rest = len(lines) - most
    return (*lines[: most - 1], f"and {rest + 1} other reasons") if rest > 0 else tuple(lines)


def overall(views: Iterable[PeerView]) -> str:
    """The swarm in one line: how many are whole, still at it, failed, not heard."""
    views = tuple(views)
    whole = sum(view.whole for view in views)
    failed = sum(view.failed for view in views)
    lost = sum(bool(view.trouble) for view in views)
    rate = sum(view.status.rate_down for view in views if view.status and not view.ended)
    parts = [f"{whole} of {len(views)} whole"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{lost} not heard"] if lost else []
    return ", ".join(parts) + f"; {rate / 2**20:.1f} MiB/s together"

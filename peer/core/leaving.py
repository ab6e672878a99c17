"""When a peer may leave, when it gives up, and what it waits for: the reason in the status file and at the end."""

from __future__ import annotations

from typing import List, Mapping

from peer.core import bits
from peer.core.counting import count_of
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.events import Effect, Leave
from peer.core.listing import listed
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces

LAST_WISH = 1.0  # seconds that a foreign neighbour has, after its last piece, to want nothing more
LINGER = 1.5  # seconds without a byte that a classic neighbour has, after our last one, to close its side
MOST_NAMED = 4  # neighbours named one by one in a line


class Leaving:
    """Notes progress, here and at neighbours. All times are seconds of the owner's clock.

    `finished`: whether the payload has its final name; `patience`: seconds without any progress to wait.
    """

    def __init__(self, pieces: Pieces, neighbours: Mapping[int, Neighbour], patience: float, finished: bool) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._patience = patience
        self.finished = finished
        self.progress = 0.0  # when this peer last made progress
        self.news = 0.0  # when a neighbour last showed progress
        self.moved = 0.0  # when a part of a piece last came

    # ---- what happens

    def note_progress(self, now: float) -> None:
        """This peer made progress."""
        self.progress = now

    def note_arrival(self, now: float) -> None:
        """A piece came, or a part of one that was asked for."""
        self.progress = self.moved = now

    def note_delivered(self, delivered: Mapping[int, int], now: float) -> None:
        """Bytes of pieces that each neighbour's machine has acknowledged so far; one piece may take minutes."""
        for neighbour in connected(self._neighbours):
            count = delivered.get(neighbour.peer, 0)
            if count > neighbour.delivered:
                neighbour.delivered = count
                self.progress = now

    def note_have(self, neighbour: Neighbour, pieces: int, now: float) -> None:
        """A neighbour announced pieces: news, unless it had announced them on an earlier connection."""
        if neighbour.known is None or pieces & ~neighbour.known:
            neighbour.known = (neighbour.known or 0) | pieces
            self.news = now

    def note_bitfield(self, neighbour: Neighbour, now: float) -> None:
        """A neighbour announced all that it has. If it says so again on one connection, it goes forward (see
        `Announcer.progress`); the first one is said again by whoever loses each connection."""
        self.note_have(neighbour, neighbour.pieces, now)
        if neighbour.announced and not neighbour.complete:
            self.news = now
        neighbour.announced = True

    # ---- whether to leave

    def over(self, now: float) -> bool:
        """We have the payload, and so has every peer that could want it from us (classic: all peers)."""
        if not self.finished or any(_needs_us(neighbour) for neighbour in self._neighbours.values()):
            return False
        return now - self.news >= LAST_WISH or not self._somebody_may_ask()

    def _somebody_may_ask(self) -> bool:
        """A foreign neighbour may have it all and still want more: an empty piece after the last."""
        return any(neighbour.wants_ours and not neighbour.fleet for neighbour in connected(self._neighbours))

    def give_up(self, now: float) -> List[Effect]:
        """Leave a swarm in which there was no progress for too long, with the reason."""
        if self.over(now) or now - max(self.progress, self.news) <= self._patience:
            return []
        if self.finished:
            return [Leave(EXIT_OK, self._waiting_reason())]
        if self._pieces.complete or not self._pieces.settled:
            return []  # this machine's disk is slow, and the swarm has nothing to do with it
        return [Leave(EXIT_INCOMPLETE, self._incomplete_reason())]

    # ---- in words

    def reason(self) -> str:
        """What this peer is waiting for; "" while it has nothing to wait for."""
        if self.finished:
            return self._waiting_reason()
        if not self._pieces.settled:
            return "waiting for the disk, to check what is on it"
        if self._pieces.complete:
            return "syncing the payload to disk"
        return self._missing_reason()

    def _waiting_reason(self) -> str:
        """The neighbours that a complete peer still serves."""
        lacking = [neighbour for neighbour in self._neighbours.values() if _needs_us(neighbour)]
        if not lacking:
            return ""
        return "waiting for " + listed([_describe(neighbour) for neighbour in lacking], MOST_NAMED)

    def _incomplete_reason(self) -> str:
        """The reason of a peer that leaves without the payload."""
        pieces = self._pieces
        nowhere = bits.count(pieces.missing & pieces.rarity[0])
        lost = f"{pieces.total - pieces.count} of {count_of(pieces.total, 'piece')} missing, {nowhere} of them nowhere"
        return f"incomplete: {lost}; {self._missing_reason()}"

    def _missing_reason(self) -> str:
        """Why no piece is coming."""
        here = connected(self._neighbours)
        away = [f"{n.peer} unreachable: {n.trouble}" for n in self._neighbours.values() if not n.connected]
        if not here:
            return listed(away, MOST_NAMED) or "no other peer in PeerInfo.cfg"
        useful = [neighbour for neighbour in here if neighbour.pieces & self._pieces.missing]
        if not useful:
            return listed([f"no connected neighbour has a piece we lack ({len(here)} connected)", *away], MOST_NAMED)
        return _silence_reason(useful)


class Goodbye:
    """The end of one connection after we closed our direction: whether the neighbour has received all and is silent.

    Not immediately: some send a last message before they write their file, and a reset would keep them from it.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._received = -1

    def over(self, received: int, unacked: int, now: float) -> bool:
        """`received`: bytes so far; `unacked`: bytes of ours that its machine hasn't acknowledged yet."""
        if unacked or received != self._received:
            self._received = received
            self._since = now
        return now - self._since >= LINGER


def _needs_us(neighbour: Neighbour) -> bool:
    """Whether a peer that has the payload waits for this neighbour."""
    return not (neighbour.complete or neighbour.grants.took_all or neighbour.elsewhere)


def _silence_reason(useful: List[Neighbour]) -> str:
    """Why none of these neighbours sends the pieces that we lack."""
    if all(neighbour.asking.chokes_us for neighbour in useful):
        one = f"{useful[0].peer}, which alone has what we lack"
        return "choked by " + (one if len(useful) == 1 else f"all {len(useful)} neighbours that have what we lack")
    silent = [str(neighbour.peer) for neighbour in useful if neighbour.asking.silent]
    if silent:
        return "no answer from " + listed(silent, MOST_NAMED)
    return "waiting for pieces from " + listed([str(neighbour.peer) for neighbour in useful], MOST_NAMED)


def _describe(neighbour: Neighbour) -> str:
    if neighbour.connected:
        return f"{neighbour.peer} ({bits.count(neighbour.pieces)} of {count_of(neighbour.total, 'piece')})"
    return f"{neighbour.peer} ({neighbour.trouble})"

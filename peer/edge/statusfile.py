"""Derives a Status from the swarm, twice a second while it works and seldom at rest, and replaces the status file."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from peer.core import bits, status
from peer.core import folder as names
from peer.core.errors import EXIT_INCOMPLETE, EXIT_INTERRUPTED, EXIT_OK
from peer.core.events import (
    Checked,
    Connected,
    Disconnected,
    Event,
    Finished,
    PartStored,
    PieceSent,
    PieceStored,
)
from peer.core.meanrate import MeanRate
from peer.core.neighbour import Neighbour as SwarmNeighbour
from peer.core.noted import format_noted
from peer.core.status import Neighbour, Status
from peer.core.swarm import Swarm
from peer.core.swarmfile import CLASSIC, FLEET
from peer.core.tally import Tally
from peer.edge.files import replace_file
from peer.edge.holdups import Holdups
from peer.edge.link import Link

EVERY = 0.5  # seconds between two statuses while something is transferred or checked
AT_REST = 2.0  # the same at most, otherwise: each goes to the operator, and a seed's link has better to do
STALL_SECONDS = 1.0  # without progress before the status gives the reason
_SMOOTH = 0.5  # weight of the newest rate
_SEEN = frozenset((Checked, Connected, Disconnected, Finished, PartStored, PieceSent, PieceStored))
_STATES = {EXIT_OK: status.DONE, EXIT_INCOMPLETE: status.INCOMPLETE, EXIT_INTERRUPTED: status.STOPPED}


class StatusFile:
    """`due`: when (steady clock) `write` is to be called next. `temporary`: a fresh path to write at first.

    `tell` gets each status that is written. `tally`: the store's, once there is one.
    """

    def __init__(self, folder: str, base: Status, temporary: str = "", tell: Callable[[Status], object] = id) -> None:
        self._tell = tell
        self._path = os.path.join(folder, names.status(base.peer))
        self._temporary = temporary or f"{self._path}.new"
        self._base = base
        self._gone: Tuple[int, int] = (0, 0)  # bytes down and up over connections that have ended
        self._given = 0  # bytes of pieces that were sent on such connections
        self._payload: Dict[int, int] = {}  # bytes of pieces that neighbours sent on such connections
        self.tally = Tally()
        self.holdups = Holdups()
        self._held: Dict[str, Any] = {}
        self._counted = (time.monotonic(), 0, 0)
        self._heard = time.monotonic()  # when bytes last came
        self._rates = (0.0, 0.0)
        self._rate_checked = MeanRate(time.monotonic())
        self._completed = 0.0
        self._work: Tuple[int, ...] = ()  # what had been transferred and checked at the last status, in bytes
        self._written, self._pause = 0.0, EVERY
        self.due = 0.0

    def announce(self, state: str) -> None:
        """Write what the peer does before there is a swarm."""
        self._replace(self._base._replace(state=state, updated=time.time()))

    def listening(self) -> None:
        """From now on neighbours can reach us."""
        self._base = self._base._replace(listening=True)

    def parted(self, link: Link) -> None:
        """A connection has ended; its bytes still count."""
        self._gone = (self._gone[0] + link.received, self._gone[1] + link.sent)
        self._payload[link.peer] = self._payload.get(link.peer, 0) + link.payload
        self._given += link.pieces_sent

    def note(self, event: Event) -> None:
        """What a person sees ends a rest: the next status comes as soon as one of a peer that works."""
        if type(event) in _SEEN:
            self.due = min(self.due, self._written + EVERY)

    def write(self, swarm: Swarm, links: Mapping[int, Link], ending: "Optional[Tuple[int, str]]" = None) -> None:
        """Derive the status and write it; `ending`: the exit code and the reason of a peer that is leaving."""
        now = time.monotonic()
        self._count(links, now)
        payload = self._fetched(links)
        to_check, checked = self._count_checked(swarm)
        rate_checked = self._rate_checked.rate(to_check, checked, now)
        given = self._given + sum(link.pieces_sent for link in links.values())
        self._choose_due((sum(payload.values()), given, to_check, checked), now)
        state = _state(swarm)
        reason = swarm.leaving.reason() if now - self._last_good(swarm) > STALL_SECONDS else ""
        if not self._completed:
            self._held = self.holdups.fields("" if swarm.leaving.finished else reason)
            self._completed = time.time() if swarm.leaving.finished else 0.0
        if ending:
            state, reason = _STATES.get(ending[0], status.FAILED), ending[1]
        self._replace(
            self._base._replace(
                state=state,
                reason=reason,
                pieces=swarm.pieces.count,
                noted=format_noted(swarm.pieces.here, swarm.pieces.total),
                to_check=to_check,
                checked=checked,
                rate_checked=0.0 if swarm.pieces.settled else round(rate_checked, 1),
                bytes_down=sum(payload.values()),
                bytes_seed=sum(payload.get(seed, 0) for seed in swarm.setup.seeds),
                bytes_kept=self.tally.kept,
                bytes_zero=self.tally.zero,
                bytes_twin=self.tally.twin,
                files_kept=self.tally.files_kept,
                bytes_up=self._counted[2],
                rate_down=round(self._rates[0], 1),
                rate_up=round(self._rates[1], 1),
                bad_pieces=swarm.bad_pieces,
                preferred=tuple(sorted(swarm.choker.preferred)),
                optimistic=swarm.choker.favourite,
                neighbours=tuple(_neighbour(n, links) for n in swarm.neighbours.values()),
                tolerated=swarm.tolerance.lines,
                last_progress=round(time.time() - (now - swarm.leaving.progress), 2),  # as it was, unless it moved
                completed=self._completed,
                **self._held,
                updated=round(time.time(), 3),
                exit_code=ending[0] if ending else None,
            )
        )

    def fail(self, code: int, reason: str) -> None:
        """The last status of a peer that ended before it had a swarm."""
        state = _STATES.get(code, status.FAILED)
        self._replace(self._base._replace(state=state, reason=reason, exit_code=code, updated=time.time()))

    def _choose_due(self, work: Tuple[int, ...], now: float) -> None:
        """Messages alone are no work. Rest begins step by step: soon the next status tells why nothing moves."""
        self._pause = EVERY if work != self._work else min(2 * self._pause, AT_REST)
        self._work, self._written, self.due = work, now, now + self._pause

    def _last_good(self, swarm: Swarm) -> float:
        """The time of the last progress; sending pieces isn't progress for a peer that lacks some."""
        alone = swarm.pieces.complete or not swarm.pieces.settled
        return swarm.leaving.progress if alone else min(swarm.leaving.progress, self._heard)

    def _fetched(self, links: Mapping[int, Link]) -> Dict[int, int]:
        """Bytes of pieces that each neighbour has sent."""
        payload = dict(self._payload)
        for peer, link in links.items():
            payload[peer] = payload.get(peer, 0) + link.payload
        return payload

    def _count(self, links: Mapping[int, Link], now: float) -> None:
        """Bytes over all connections, also those that have ended since, and the smoothed rates."""
        down = self._gone[0] + sum(link.received for link in links.values())
        up = self._gone[1] + sum(link.sent for link in links.values())
        before, old_down, old_up = self._counted
        seconds = max(1e-3, now - before)
        if down != old_down:
            self._heard = now
        self._rates = (
            _SMOOTH * (down - old_down) / seconds + (1 - _SMOOTH) * self._rates[0],
            _SMOOTH * (up - old_up) / seconds + (1 - _SMOOTH) * self._rates[1],
        )
        self._counted = (now, down, up)

    def _count_checked(self, swarm: Swarm) -> Tuple[int, int]:
        """Bytes that were on the disk, and those of them that are checked."""
        found, pieces = swarm.finding.found, swarm.pieces
        to_check, left = (self._base.size * bits.count(one) // max(1, pieces.total) for one in
                          (found, found & pieces.unchecked))  # fmt: skip
        return to_check, to_check - left

    def _replace(self, current: Status) -> None:
        # Not synced, because after a power cut an old status is of no use.
        replace_file(self._path, status.format_status(current), self._temporary)
        self._tell(current)


def _state(swarm: Swarm) -> str:
    if swarm.leaving.finished:
        return status.SEEDING
    return status.DOWNLOADING if swarm.pieces.settled else status.CHECKING


def _neighbour(neighbour: SwarmNeighbour, links: Mapping[int, Link]) -> Neighbour:
    link = links.get(neighbour.peer)
    return Neighbour(
        peer=neighbour.peer,
        connected=neighbour.connected,
        profile=FLEET if neighbour.fleet else CLASSIC,
        pieces=bits.count(neighbour.pieces),
        we_unchoke=not neighbour.serving.we_choke,
        unchokes_us=not neighbour.asking.chokes_us,
        wants_ours=neighbour.wants_ours,
        bytes_down=link.received if link else 0,
        bytes_up=link.sent if link else 0,
        trouble=neighbour.trouble,
    )

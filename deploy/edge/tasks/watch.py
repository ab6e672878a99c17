"""The watch over a running swarm: shows event lines and progress until every peer has ended."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from deploy.core import ending
from deploy.core.failures import command_options
from deploy.core.inventory import Peer, fold
from deploy.core.progress import Line, PeerView, Progress
from deploy.core.relays import leave_line, relayed_hosts
from deploy.core.sources import outlook
from deploy.core.starting import Listening, Over, StartEvent
from deploy.core.verdict import Outcome
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.follow import Follower, HostEvent
from deploy.edge.screen.screen import REPORT_SECONDS
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.start import tell
from deploy.edge.tasks.status import last_words
from deploy.edge.tasks.stop import stop_hosts
from peer.core import followline

_TICK_SECONDS = 0.12
_KINDS = {followline.LogLine: "log", followline.StatusLine: "status", followline.Alive: "alive"}  # events of `--json`
_ALL_HAVE_IT = "all peers are complete: ending the wait of those that haven't heard it"
_LISTEN_AGAIN = 2  # times, where a stream ended though a peer's last status doesn't say that it did


class Watch:
    """The one loop that takes events, of the hosts and of a start beside it, and shows them: it owns the screen."""

    def __init__(self, chain: Chain, hosts: list[str], every: bool, ends_waits: bool = False) -> None:
        self._chain = chain
        self._hosts = hosts
        self._every = every
        self._ends_waits = ends_waits  # who only looks on may not see everybody, and ends nothing
        self._progress = Progress(chain.inventory.filter(hosts), chain.run)
        self._open: set[str] = set()
        self._again: Counter[str] = Counter()
        self._lost: dict[str, tuple[float, HostError]] = {}
        self._reported = time.monotonic()
        self._whole_since = 0.0
        self._half_way = False
        self._told_outlook = False
        self._starting = False  # peers are being started meanwhile
        self._follower = Follower(() if every else self._progress.quiet, self._progress.pace)

    def open(self, name: str) -> None:
        """Listen to a host."""
        self._open.add(name)
        self._follower.open(self._chain.fleet.link(name), self._progress.offsets(name))

    def await_start(self) -> None:
        """Peers will be started: go on until `put` got an Over, even if no host is followed."""
        self._starting = True

    def put(self, event: StartEvent) -> None:
        """Add what a start has to tell, from the thread that starts."""
        self._follower.put(event)

    def tell_rest(self, seconds: float = 0.0) -> None:
        """Show what a start has told and tells within `seconds`, once `run` has ended."""
        for event in self._follower.take(seconds) if seconds else self._follower.rest():
            if not isinstance(event, HostEvent):
                tell(self._chain, event)

    def run(self) -> None:
        """Until every stream is over, or those that aren't have been lost for too long."""
        try:
            self._listen()
        finally:
            self._follower.close()

    def _listen(self) -> None:
        while self._starting or (self._open and (self._left() or 0.0) >= 0.0):
            tick = time.monotonic() + _TICK_SECONDS
            lines: list[Line] = []
            for event in self._follower.take(_TICK_SECONDS):
                lines += self._take(event)
            self._show(lines)
            self._end_the_wait()
            time.sleep(max(0.0, tick - time.monotonic()))  # lines are shown in batches, a few a second
        self._show([line for event in self._follower.rest() for line in self._take(event)])

    def failures(self) -> list[Outcome]:
        """Peers that left without the payload, and hosts that were lost."""
        failed = [view for view in self._progress.views if view.failed and view.status is not None]
        killed = {view.host for view in failed if view.killed and view.host not in self._lost}
        words = last_words(self._chain, killed) if killed else {}
        outcomes = [ending.failure(view, words.get(view.peer, "") if view.killed else "") for view in failed]
        return outcomes + [error.outcome(name) for name, (_, error) in self._lost.items()]

    def _take(self, event: HostEvent | StartEvent) -> Iterable[Line]:
        if isinstance(event, HostEvent):
            return self._hear(event)
        tell(self._chain, event)
        if isinstance(event, Listening):
            self._begin(event.peer)
        self._starting = self._starting and not isinstance(event, Over)
        return ()

    def _begin(self, peer: Peer) -> None:
        """A peer was started: its host answers, and is followed from now on."""
        self._hear(HostEvent(peer.host))
        if peer.host not in self._open:
            self.open(peer.host)
        self._progress.begin(peer.peer_id)

    def _hear(self, heard: HostEvent) -> Iterable[Line]:
        if heard.lost is not None:
            self._lost.setdefault(heard.host, (time.monotonic(), heard.lost))
            self._progress.lose(heard.host, heard.lost.problem)
        else:
            self._lost.pop(heard.host, None)
            self._progress.hear(heard.host)
        if heard.over:
            self._over(heard)
        if heard.line is None:
            return ()
        if self._chain.screen.as_json and (self._every or not isinstance(heard.line, followline.LogLine)):
            kind = _KINDS[type(heard.line)]
            self._chain.record(kind, host=heard.host, **followline.fields_of(heard.line))
        return self._progress.see(heard.line, time.monotonic())

    def _over(self, heard: HostEvent) -> None:
        """The stream ended; listen again if a peer may have begun just then, or was killed."""
        self._open.discard(heard.host)
        unclear = self._progress.unclear(heard.host) and heard.lost is None
        if unclear and self._again[heard.host] < _LISTEN_AGAIN:
            self._again[heard.host] += 1
            self.open(heard.host)

    def _end_the_wait(self) -> None:
        """Stop complete peers that wait for others in vain."""
        if not self._ends_waits or self._starting:
            return
        failed = {outcome.peer for outcome in self._chain.outcomes}
        gone = ending.gone(self._chain.inventory, self._progress.views, failed, self._chain.down)
        if not ending.in_vain(self._chain.inventory, self._progress.views, gone):
            return
        self._whole_since = self._whole_since or time.monotonic()
        if time.monotonic() - self._whole_since > ending.LINGER_SECONDS:
            whole = f"all others are complete: ending the wait for {fold(gone.values())}" if gone else _ALL_HAVE_IT
            self._chain.screen.note(whole)
            stop_hosts(self._chain, {view.host for view in self._progress.views if not view.ended})
            self._whole_since = math.inf

    def _show(self, lines: list[Line]) -> None:
        now = time.monotonic()
        self._progress.wait(now)
        wait = ending.countdown(self._progress.views, self._left(), self._chain.inventory.swarm.limits.patience)
        self._chain.screen.tick(self._progress, [line for line in lines if self._every or line.notable], wait)
        if now - self._reported >= REPORT_SECONDS:
            self._reported = now
            self._chain.screen.progress(self._progress, wait)
        wanting = [view for view in self._progress.views if not view.seed]
        self._tell_outlook(wanting)
        if not self._half_way and sum(view.fraction for view in wanting) > 0.5 * len(wanting):
            self._half_way = True
            self._chain.screen.keep_frame(self._progress)

    def _tell_outlook(self, wanting: Sequence[PeerView]) -> None:
        """Once every receiver has looked at what its host has, say what remains to be fetched."""
        known = [view.status for view in wanting if view.status is not None]
        said = outlook(known) if len(known) == len(wanting) and not self._told_outlook else None
        if said is None:
            return
        self._told_outlook = True
        if said:
            self._chain.screen.note(said)

    def _left(self) -> float | None:
        """Seconds until we give up hosts that can't be heard; None if one can."""
        since = {name: when for name, (when, _) in self._lost.items()}
        return ending.patience_left(self._open, since, self._chain.inventory.swarm.limits.patience, time.monotonic())


def tell_the_way_back(chain: Chain) -> None:
    """How to come back to a swarm that is left running."""
    where = command_options(chain.inventory)
    chain.runs_on = True
    chain.screen.note(f"the swarm runs on: `fab logs{where}` comes back to it, `fab stop{where}` ends it")
    relayed = chain.able(relayed_hosts(chain.inventory))
    if relayed:
        chain.screen.note(leave_line(relayed, chain.inventory.swarm.limits.patience))

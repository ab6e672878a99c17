"""The task `logs`, and the middle of `up`: shows event lines and progress until every peer has ended."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Iterable

from deploy.core.inventory import Peer, fold
from deploy.core.progress import Board, Card, Line
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.follow import Ears, Heard
from deploy.edge.tasks import start
from deploy.edge.tasks.chain import Desk

_TICK_SECONDS = 0.12
_REPORT_SECONDS = 5.0  # between two lines of progress where there is no live display
_GIVE_UP_SECONDS = 60.0  # at most, for hosts that can't be heard, once all others have ended
_LINGER_SECONDS = 3.0  # for whole peers that wait only for those which won't come
_LISTEN_AGAIN = 2  # times, where a stream ended though a peer's last status doesn't say that it did


def logs(desk: Desk, every: bool = False) -> None:
    """Follow the chosen peers until all have ended. `every`: the frequent kinds of lines too."""
    desk.find_run()
    watch = _Watch(desk, every or not desk.screen.lively)
    for name in desk.able:
        watch.open(name)
    with desk.screen.watching(lines_are_the_result=True):
        try:
            watch.run()
        except KeyboardInterrupt:
            _tell_the_way_back(desk)
            raise
    desk.fail(watch.failures())


def start_and_watch(desk: Desk, keep_going: bool, every: bool) -> None:
    """Start the peers and follow them from the first on, until all have ended. Raises Halt where a start failed."""
    watch = _Watch(desk, every, ends_waits=True)
    starter = _Starter(desk, keep_going, watch)
    with desk.screen.watching(lines_are_the_result=False):
        try:
            starter.start()
            watch.run()
        except BaseException as error:
            starter.end()
            if isinstance(error, KeyboardInterrupt) and starter.done:
                _tell_the_way_back(desk)
            raise
    starter.end()
    if starter.error is not None:
        raise starter.error
    desk.fail(watch.failures())


def _tell_the_way_back(desk: Desk) -> None:
    where = f"--inventory {desk.inventory.source}"
    desk.screen.note(f"the swarm runs on: `fab logs {where}` comes back to it, `fab stop {where}` ends it")


def _failure(card: Card, words: str) -> Outcome:
    remedy = "make room there, then run `fab up` again" if words == start.FULL else ""
    words = words.removeprefix(f"peer {card.peer}: ")
    return Outcome(card.host, FAILED, f"{card.state}: {words}" if words else card.state, remedy, card.peer)


class _Starter(threading.Thread):
    """Starts the peers beside the watch, and tells it of each. `done`: they were started, and run."""

    def __init__(self, desk: Desk, keep_going: bool, watch: _Watch) -> None:
        super().__init__(name="starter", daemon=True)
        self._desk = desk
        self._keep_going = keep_going
        self._watch = watch
        self.error: BaseException | None = None
        self.done = False
        watch.starting = True

    def run(self) -> None:
        """The thread's body."""
        try:
            start.start(self._desk, self._keep_going, self._watch.started)
            self.done = True
        except BaseException as error:  # raised again in the main thread
            self.error = error
        finally:
            self._watch.starting = False

    def end(self) -> None:
        """End the starting, which undoes itself if it is cut short."""
        self._desk.cancelled.set()
        if self.ident is not None:  # it was begun
            self.join()


class _Watch:
    """The loop that takes what the ears hear, and shows it. `starting`: peers are being started meanwhile."""

    def __init__(self, desk: Desk, every: bool, ends_waits: bool = False) -> None:
        self._desk = desk
        self._every = every
        self._ends_waits = ends_waits  # who only looks on may not see everybody, and ends nothing
        self._board = Board(desk.inventory.filter(desk.able), desk.run)
        self._open: set[str] = set()
        self._again: Counter[str] = Counter()
        self._lost: dict[str, tuple[float, HostError]] = {}
        self._reported = time.monotonic()
        self._whole_since = 0.0
        self._half_way = False
        self.starting = False
        self.ears = Ears()

    def open(self, name: str) -> None:
        """Listen to a host."""
        self._open.add(name)
        self.ears.open(self._desk.fleet.link(name), self._board.offsets(name))

    def started(self, peer: Peer) -> None:
        """A peer was started; called from the starter's thread."""
        self.ears.put(Heard(peer.host, {"peer": peer.peer_id, "started": True}))

    def run(self) -> None:
        """Until every stream is over, or those that aren't have been lost for too long."""
        try:
            self._listen()
        finally:
            self.ears.close()

    def _listen(self) -> None:
        while self.starting or (self._open and not self._hopeless()):
            tick = time.monotonic() + _TICK_SECONDS
            lines: list[Line] = []
            for heard in self.ears.take(_TICK_SECONDS):
                lines += self._take(heard)
            self._show(lines)
            self._end_the_wait()
            time.sleep(max(0.0, tick - time.monotonic()))  # lines are shown in batches, a few a second
        self._show([line for heard in self.ears.rest() for line in self._take(heard)])

    def failures(self) -> list[Outcome]:
        """Peers that left without the payload, and hosts that were lost."""
        failed = [card for card in self._board.cards if card.failed and card.status is not None]
        killed = {card.host for card in failed if card.killed and card.host not in self._lost}
        words = start.last_words(self._desk, killed) if killed else {}
        outcomes = [_failure(card, words.get(card.peer, "") if card.killed else "") for card in failed]
        return outcomes + [error.outcome(name) for name, (_, error) in self._lost.items()]

    def _take(self, heard: Heard) -> Iterable[Line]:
        if heard.lost is not None:
            self._lost.setdefault(heard.host, (time.monotonic(), heard.lost))
            self._board.lose(heard.host, heard.lost.problem)
        else:
            self._lost.pop(heard.host, None)
            self._board.hear(heard.host)
        if heard.over:
            self._over(heard)
        if heard.event is None:
            return ()
        if heard.event.get("started") and heard.host not in self._open:
            self.open(heard.host)
        self._desk.record(host=heard.host, **heard.event)
        return self._board.see(heard.event)

    def _over(self, heard: Heard) -> None:
        """The stream ended; listen again if a peer may have begun just then, or was killed."""
        self._open.discard(heard.host)
        unclear = self._board.unclear(heard.host) and heard.lost is None
        if unclear and self._again[heard.host] < _LISTEN_AGAIN:
            self._again[heard.host] += 1
            self.open(heard.host)

    def _end_the_wait(self) -> None:
        """Peers wait for all others. That some have left, or are on hosts that dropped out, only we can know."""
        if not self._ends_waits or self.starting:
            return
        gone = self._gone()
        cards = {card.peer: card for card in self._board.cards}
        rest = [peer.peer_id for peer in self._desk.inventory.peers if peer.peer_id not in gone]
        if not gone or not all(peer in cards and cards[peer].whole for peer in rest):
            return
        self._whole_since = self._whole_since or time.monotonic()
        if time.monotonic() - self._whole_since > _LINGER_SECONDS:
            self._desk.screen.note(f"all others are whole: ending the wait for {fold(gone.values())}")
            start.stop_chosen(self._desk)
            self._whole_since = math.inf

    def _gone(self) -> dict[int, str]:
        """The peers that won't come (again), with their hosts: ended, never started, or out of our reach."""
        told = {outcome.peer for outcome in self._desk.outcomes}
        left = {card.peer for card in self._board.cards if card.failed} | told
        peers = self._desk.inventory.peers
        return {peer.peer_id: peer.host for peer in peers if peer.peer_id in left or peer.host in self._desk.down}

    def _show(self, lines: list[Line]) -> None:
        self._desk.screen.tick(self._board, [line for line in lines if self._every or line.notable])
        seconds = time.monotonic() - self._reported
        if seconds > _REPORT_SECONDS:
            self._reported += seconds
            self._desk.screen.progress(self._board)
        wanting = [card for card in self._board.cards if not card.seed]
        if not self._half_way and sum(card.fraction for card in wanting) > 0.5 * len(wanting):
            self._half_way = True
            self._desk.screen.keep_frame(self._board)

    def _hopeless(self) -> bool:
        """Whether all that isn't over has been lost for long."""
        since = [self._lost[name][0] for name in self._open if name in self._lost]
        # A peer that was cut off for longer than its patience has left.
        seconds = min(_GIVE_UP_SECONDS, self._desk.inventory.swarm.limits.patience)
        return len(since) == len(self._open) and time.monotonic() - max(since) > seconds

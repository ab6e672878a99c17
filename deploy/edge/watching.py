"""The task `logs`: shows all hosts' event lines and the peers' progress until every peer has ended."""

from __future__ import annotations

import time
from collections.abc import Iterable

from deploy.core.board import Board, Line
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.desk import Desk
from deploy.edge.ears import Ears, Heard
from deploy.edge.hosterror import HostError

_TICK_SECONDS = 0.12
_REPORT_SECONDS = 5.0  # between two lines of progress where there is no live display
_GIVE_UP_SECONDS = 60.0  # for a host that can't be heard, once all others have ended


def logs(desk: Desk, every: bool = False, result: bool = True) -> None:
    """Follow the chosen peers until all have ended. `every`: the frequent kinds of lines too.

    `result`: the event lines are what was asked for, so they belong on stdout.
    """
    if not desk.run:
        desk.find_run()
    watch = _Watch(desk, every or (result and not desk.screen.lively))
    try:
        with desk.screen.watching(result):
            watch.run()
    except KeyboardInterrupt:
        where = f"--inventory {desk.inventory.source}"
        desk.screen.note(f"the swarm runs on: `fab logs {where}` comes back to it, `fab stop {where}` ends it")
        raise
    finally:
        watch.ears.close()
    desk.fail(watch.failures())


class _Watch:
    """The loop that takes what the ears hear, and shows it."""

    def __init__(self, desk: Desk, every: bool) -> None:
        self._desk = desk
        self._every = every
        self._board = Board(desk.inventory.filter(desk.able), desk.run)
        self._open = set(desk.able)
        self._lost: dict[str, tuple[float, HostError]] = {}
        self._reported = time.monotonic()
        self._half_way = False
        self.ears = Ears(desk.fleet.link(name) for name in desk.able)

    def run(self) -> None:
        """Until every stream is over, or those that aren't have been lost for too long."""
        while self._open and not self._hopeless():
            lines: list[Line] = []
            for heard in self.ears.take(_TICK_SECONDS):
                lines += self._take(heard)
            self._show(lines)
            if lines:
                time.sleep(_TICK_SECONDS)  # a tick a tenth of a second: lines are shown in batches

    def failures(self) -> list[Outcome]:
        """Peers that left without the payload, and hosts that were lost."""
        failed = [card for card in self._board.cards if card.failed]
        outcomes = [Outcome(card.host, FAILED, card.state, "", card.peer) for card in failed]
        return outcomes + [error.outcome(name) for name, (_, error) in self._lost.items()]

    def _take(self, heard: Heard) -> Iterable[Line]:
        if heard.over:
            self._open.discard(heard.host)
        if heard.lost is not None:
            self._lost.setdefault(heard.host, (time.monotonic(), heard.lost))
            self._board.lose(heard.host, heard.lost.problem)
            return ()
        self._lost.pop(heard.host, None)
        self._board.hear(heard.host)
        if heard.event is None:
            return ()
        self._desk.record(host=heard.host, **heard.event)
        return self._board.see(heard.event)

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
        return len(since) == len(self._open) and time.monotonic() - max(since) > _GIVE_UP_SECONDS

"""What to ask of whom, and when: the open requests of one peer.

A classic neighbour gets one request at a time and never the same twice while it may still answer. A fleet
neighbour gets a window of them, rarest first; a piece that is late is taken back and asked for elsewhere, and the
last pieces are asked for twice rather than waited for.
"""

from __future__ import annotations

from random import Random
from typing import Callable, Iterable, List, Mapping, Optional

from peer.core import messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour
from peer.core.picker import pick_random, pick_rarest
from peer.core.pieces import Pieces

SILENCE = 1.5  # seconds without a byte on a connection before its open requests go back to the pool
MANY_WAITS = 4.0  # times the usual wait, which a fleet neighbour's silence has to last where that is more
FIRST_SILENCE = 30.0  # the same before anybody has answered
PIPELINE = 0.25  # seconds of work that a fleet neighbour's window holds
LEAST_WINDOW = 2
MOST_WINDOW = 16
LATE = 3.0  # times the usual wait: a piece that takes longer is late and may be asked for a second time, at the end
LEAST_LATE = 0.05  # seconds
MOST_ASKERS = 2  # open requests for one piece

Pick = Callable[[int, Pieces, Random], Optional[int]]


class Fetcher:
    """Decides the requests; `seeds`: neighbours that began with the payload, the last to be asked."""

    def __init__(
        self, pieces: Pieces, neighbours: Mapping[int, Neighbour], seeds: Iterable[int], fleet: bool, rng: Random
    ) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._seeds = frozenset(seeds)
        self._fleet = fleet
        self._pick: Pick = pick_rarest if fleet else pick_random
        self._rng = rng

    def fill(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """Ask a neighbour for as much as its window has room for."""
        effects: List[Effect] = []
        if not neighbour.window:
            neighbour.window = self._window(neighbour)
        room = neighbour.window - len(neighbour.open)  # first, since at most haves there is none
        if room <= 0 or neighbour.chokes_us or neighbour.silent or self._pieces.complete:
            return effects
        while room > 0:
            index = self._choose(neighbour, now)
            if index is None:
                break
            effects.append(self._ask(neighbour, index, now))
            room -= 1
        return effects

    def fill_all(self, neighbours: Iterable[Neighbour], now: float) -> List[Effect]:
        """Ask whoever has room; seeds last, so that they get what nobody else can give."""
        ordered = sorted(neighbours, key=lambda neighbour: neighbour.peer in self._seeds)
        return [effect for neighbour in ordered for effect in self.fill(neighbour, now)]

    def arrived(self, neighbour: Neighbour, index: int, now: float) -> None:
        """A piece came from this neighbour, asked for or not (a late one, after a choke, is as good)."""
        asked = neighbour.open.pop(index, None)
        if asked is not None:
            self._pieces.release(index)
            neighbour.wait = _smooth(neighbour.wait, now - asked)
            neighbour.pace = _smooth(neighbour.pace, now - max(asked, neighbour.last_piece))
            neighbour.window = 0
        neighbour.last_piece = now
        neighbour.silent = False

    def withdraw(self, index: int) -> List[Effect]:
        """A piece is here: take back what is still open for it elsewhere. Classic peers have no word for that."""
        effects: List[Effect] = []
        if self._pieces.askers(index):
            for neighbour in self._neighbours.values():
                if neighbour.fleet and index in neighbour.open:
                    effects += self._take_back(neighbour, index)
        return effects

    def release(self, neighbour: Neighbour) -> None:
        """Its open requests go back to the pool: it choked us, or is gone."""
        for index in neighbour.open:
            self._pieces.release(index)
        neighbour.open.clear()

    def release_silent(self, neighbours: Iterable[Neighbour], now: float) -> List[Effect]:
        """Take back what neighbours have left unanswered without sending a byte; it is then asked for elsewhere."""
        effects: List[Effect] = []
        patience = self._fleet_silence()
        for neighbour in neighbours:
            silence = patience if self._fleet and neighbour.fleet else SILENCE
            if neighbour.silent and now - neighbour.heard > 2 * SILENCE:
                neighbour.silent = False  # another chance, where nobody else has the piece
                neighbour.heard = now
            elif neighbour.open and now - max(neighbour.heard, max(neighbour.open.values())) > silence:
                neighbour.silent = True
                neighbour.heard = now
                for index in list(neighbour.open):
                    effects += self._take_back(neighbour, index)
        return effects

    def _fleet_silence(self) -> float:
        """A fleet neighbour drops no request: it is silent while others have their turn, for long on slow links."""
        usual = self._usual_wait()
        return max(SILENCE, MANY_WAITS * usual) if usual else FIRST_SILENCE

    # ---- choices

    def _choose(self, neighbour: Neighbour, now: float) -> Optional[int]:
        candidates = neighbour.pieces & self._pieces.free
        if not candidates:
            return self._endgame(neighbour, now) if self._fleet and neighbour.fleet else None
        if neighbour.peer in self._seeds and neighbour.complete and self._fleet:
            return self._last_resort(candidates, now)
        return self._pick(candidates, self._pieces, self._rng)

    def _last_resort(self, candidates: int, now: float) -> Optional[int]:
        """From a seed that has sent everything once: only while nothing better is on its way, rarest first."""
        late = self._late_since(now)
        if any(asked > late for neighbour in self._neighbours.values() for asked in neighbour.open.values()):
            return None
        return self._pick(candidates, self._pieces, self._rng)

    def _endgame(self, neighbour: Neighbour, now: float) -> Optional[int]:
        """One of the last pieces, late elsewhere, for a neighbour that has it and nothing else to do."""
        if not self.endgame or neighbour.open:
            return None
        late = self._late_since(now)
        wanted = neighbour.pieces & self._pieces.missing  # not what has just come and isn't taken back elsewhere yet
        for other in self._neighbours.values():
            for index, asked in other.open.items():
                if asked <= late and wanted >> index & 1 and self._pieces.askers(index) < MOST_ASKERS:
                    return index
        return None

    @property
    def endgame(self) -> bool:
        """Whether all that is missing has been asked for."""
        return self._fleet and bool(self._pieces.asked) and not self._pieces.free

    def _late_since(self, now: float) -> float:
        """What was asked before this moment is late: the usual wait is that of the neighbour in the middle."""
        return now - max(LEAST_LATE, LATE * self._usual_wait())

    def _usual_wait(self) -> float:
        """Seconds from a request to its piece, of the neighbour in the middle; 0 until one has answered."""
        waits = sorted(neighbour.wait for neighbour in self._neighbours.values() if neighbour.wait)
        return waits[len(waits) // 2] if waits else 0.0

    def _window(self, neighbour: Neighbour) -> int:
        if not (self._fleet and neighbour.fleet):
            return 1
        if not neighbour.pace:
            return LEAST_WINDOW
        return max(LEAST_WINDOW, min(MOST_WINDOW, round(PIPELINE / max(neighbour.pace, 1e-6))))

    # ---- requests

    def _ask(self, neighbour: Neighbour, index: int, now: float) -> Effect:
        self._pieces.ask(index)
        neighbour.open[index] = now
        return Send(neighbour.peer, Message(messages.REQUEST, index))

    def _take_back(self, neighbour: Neighbour, index: int) -> List[Effect]:
        del neighbour.open[index]
        self._pieces.release(index)
        return [Send(neighbour.peer, Message(messages.CANCEL, index))] if neighbour.fleet else []


def _smooth(old: float, new: float) -> float:
    return 0.75 * old + 0.25 * new if old else new

"""What to ask of whom, and when: the open requests of one peer.

A classic neighbour gets one request at a time and never the same twice while it may still answer. A fleet
neighbour gets a window of them, rarest first; a piece that is late is taken back and asked for elsewhere, and the
last pieces are asked for twice rather than waited for.
"""

from __future__ import annotations

from random import Random
from typing import Callable, Iterable, List, Optional

from peer.core import messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour
from peer.core.picker import pick_random, pick_rarest
from peer.core.pieces import Pieces

SILENCE = 1.5  # seconds without a byte on a connection before its open requests go back to the pool
PIPELINE = 0.25  # seconds of work that a fleet neighbour's window holds
LEAST_WINDOW = 2
MOST_WINDOW = 16
ENDGAME_PIECES = 8  # the last pieces may be asked for twice ...
ENDGAME_PATIENCE = 3.0  # ... once they are this many times later than the neighbour's pace

Pick = Callable[[int, Pieces, Random], Optional[int]]


class Fetcher:
    """Decides the requests; `seeds`: neighbours that began with the payload, the last to be asked."""

    def __init__(self, pieces: Pieces, seeds: Iterable[int], fleet: bool, rng: Random) -> None:
        self._pieces = pieces
        self._seeds = frozenset(seeds)
        self._fleet = fleet
        self._pick: Pick = pick_rarest if fleet else pick_random
        self._rng = rng

    def fill(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """Ask a neighbour for as much as its window has room for."""
        effects: List[Effect] = []
        if neighbour.chokes_us or neighbour.silent or self._pieces.complete:
            return effects
        room = self._window(neighbour) - len(neighbour.open)
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
            gap = now - max(asked, neighbour.last_piece)
            neighbour.pace = gap if not neighbour.pace else 0.75 * neighbour.pace + 0.25 * gap
        neighbour.last_piece = now
        neighbour.silent = False

    def withdraw(self, index: int, neighbours: Iterable[Neighbour]) -> List[Effect]:
        """A piece is here: take back what is still open for it elsewhere. Classic peers have no word for that."""
        effects: List[Effect] = []
        if self._pieces.askers(index):
            for neighbour in neighbours:
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
        for neighbour in neighbours:
            if neighbour.silent and now - neighbour.heard > 2 * SILENCE:
                neighbour.silent = False  # another chance, where nobody else has the piece
                neighbour.heard = now
            elif neighbour.open and now - max(neighbour.heard, max(neighbour.open.values())) > SILENCE:
                neighbour.silent = True
                neighbour.heard = now
                for index in list(neighbour.open):
                    effects += self._take_back(neighbour, index)
        return effects

    # ---- choices

    def _choose(self, neighbour: Neighbour, now: float) -> Optional[int]:
        candidates = neighbour.pieces & self._pieces.free
        if not candidates:
            return self._endgame(neighbour, now) if self._fleet and neighbour.fleet else None
        if neighbour.peer in self._seeds and neighbour.complete and self._fleet:
            return self._last_resort(candidates)
        return self._pick(candidates, self._pieces, self._rng)

    def _last_resort(self, candidates: int) -> Optional[int]:
        """From a seed that has sent everything once: what no other neighbour has, and only when we'd idle otherwise."""
        nowhere_else = candidates & (self._pieces.rarity[1] if len(self._pieces.rarity) > 1 else 0)
        if self._pieces.asked:
            return None
        return self._pick(nowhere_else or candidates, self._pieces, self._rng)

    def _endgame(self, neighbour: Neighbour, now: float) -> Optional[int]:
        """One of the last pieces, open elsewhere for too long, for a neighbour that has nothing else to do."""
        return None

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

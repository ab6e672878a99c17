"""Which pieces to request from which neighbours, and when: the open requests of one peer.

A classic neighbour gets one request at a time and never the same twice while it may still answer. A fleet
neighbour gets a window of them, rarest first; a piece that is late is taken back and asked for elsewhere, and the
last pieces are asked for twice rather than waited for.
"""

from __future__ import annotations

from random import Random
from typing import Callable, FrozenSet, List, Mapping, Optional

from peer.core import habits, messages
from peer.core.asking import SILENCE, ClassicAsking, FleetAsking
from peer.core.crossing import crossing_of
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.picker import pick_random, pick_rarest
from peer.core.pieces import Pieces
from peer.core.setup import Setup
from peer.core.tolerance import CHOKED_SECONDS, Tolerance

LATE = 3.0  # times the usual wait: a piece that takes longer is late and may be asked for a second time, at the end
LEAST_LATE = 0.05  # seconds
FIRST_LATE = 0.5  # seconds, until a neighbour has answered
MOST_ASKERS = 2  # open requests for one piece

Pick = Callable[[int, Pieces, Random], Optional[int]]


class Fetcher:
    """Decides the requests; those who began with the payload are the last to be asked."""

    def __init__(
        self,
        setup: Setup,
        pieces: Pieces,
        neighbours: Mapping[int, Neighbour],
        rng: Random,
        tolerance: Tolerance,
    ) -> None:
        self._crossing = crossing_of(setup, pieces, neighbours)
        self._tolerance = tolerance
        self._pieces = pieces
        self._neighbours = neighbours
        self._seeds = frozenset(setup.seeds)
        self._spared: FrozenSet[int] = self._seeds if setup.fleet else frozenset()  # once they have sent everything
        self._pick: Pick = pick_rarest if setup.fleet else pick_random
        self._rng = rng
        self._arrived = 0.0  # when a piece last came

    def fill(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """Request from a neighbour as many pieces as its window has room for."""
        effects: List[Effect] = []
        asking = neighbour.asking
        room = asking.window - len(asking.open)  # first, since at most haves there is none
        choked = asking.chokes_us and not asking.ignores_chokes
        if room <= 0 or choked or asking.silent or self._pieces.complete:
            return effects
        while room > 0:
            index = self._choose(neighbour, now)
            if index is None:
                break
            effects.append(self._ask(neighbour, index, now))
            room -= 1
        return effects

    def fill_all(self, now: float) -> List[Effect]:
        """Fill the windows of all neighbours; seeds last, so that they are asked for pieces that no other peer has."""
        if self._pieces.complete:
            return []
        ordered = sorted(connected(self._neighbours), key=lambda neighbour: neighbour.peer in self._seeds)
        return [effect for neighbour in ordered for effect in self.fill(neighbour, now)]

    def arrived(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        """A piece came from this neighbour, asked for or not (one that comes late, after a choke, is as good)."""
        self._arrived = now
        if self._crossing:
            self._crossing.arrived(neighbour, index)
        asking = neighbour.asking
        if asking.answered(index, now):
            self._pieces.release(index)
        if index != asking.in_spite or not asking.chokes_us or asking.ignores_chokes:
            return []
        asking.ignores_chokes = True
        return self._tolerance.note(neighbour.peer, habits.NEVER_UNCHOKES)

    def answered(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        """An answer of this neighbour's is through; it may be asked for more."""
        return self.arrived(neighbour, index, now) + self.fill(neighbour, now)

    def part_arrived(self, neighbour: Neighbour, index: int, wanted: int, now: float) -> List[Effect]:
        """Blocks of a piece came from this neighbour. `wanted`: the set of those to ask for yet."""
        self._pieces.want(index, wanted)
        effects = self.answered(neighbour, index, now)
        return effects if wanted else effects + self.withdraw(index)

    def withdraw(self, index: int) -> List[Effect]:
        """A piece is here: take back the other requests for it. Classic peers have no message for that."""
        effects: List[Effect] = []
        if self._pieces.askers(index):
            for neighbour in self._neighbours.values():
                if neighbour.asking.shares and index in neighbour.asking.open:
                    effects += self._take_back(neighbour, index)
        return effects

    def release_silent(self, now: float) -> List[Effect]:
        """Take back the requests of neighbours that have sent no byte for too long, to ask other neighbours."""
        effects: List[Effect] = []
        usual = self._usual_wait()
        if self._crossing:
            self._crossing.look(usual, now)
        for neighbour in connected(self._neighbours):
            asking = neighbour.asking
            if asking.silent and now - asking.heard > 2 * SILENCE:
                asking.silent = False  # ask it again, as no other neighbour may have the piece
                asking.heard = now
            elif asking.open and now - max(asking.heard, max(asking.open.values())) > asking.patience(usual):
                asking.silent = True
                asking.heard = now
                for index in list(asking.open):
                    effects += self._take_back(neighbour, index)
        return effects

    def ask_in_spite(self, interval: float, now: float) -> List[Effect]:
        """Nothing has come for long: ask classic neighbours that never unchoked us, since some serve all the same.

        `interval`: seconds between a peer's choices; one that keeps the rules has two of them.
        """
        effects: List[Effect] = []
        seconds = max(CHOKED_SECONDS, 2 * interval)
        if self._pieces.complete or now - self._arrived < seconds:
            return effects
        for neighbour in connected(self._neighbours):
            asking = neighbour.asking
            if not (neighbour.fleet or asking.was_unchoked or asking.open) and now - asking.in_spite_at >= seconds:
                effects += self._ask_one_in_spite(neighbour, now)
        return effects

    def _ask_one_in_spite(self, neighbour: Neighbour, now: float) -> List[Effect]:
        index = self._choose(neighbour, now)
        if index is None:
            return []
        neighbour.asking.in_spite = index
        neighbour.asking.in_spite_at = now
        return [self._ask(neighbour, index, now)]

    # ---- connections

    def begin(self, neighbour: Neighbour, now: float) -> None:
        """A connection begins: nothing is asked."""
        neighbour.asking = FleetAsking(now) if neighbour.fleet else ClassicAsking(now)

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended: its open requests go back to the pool."""
        self._release(neighbour)
        neighbour.asking = ClassicAsking()

    def choked(self, neighbour: Neighbour) -> None:
        """It won't answer the requests that are open."""
        neighbour.asking.chokes_us = True
        self._release(neighbour)

    def unchoked(self, neighbour: Neighbour, now: float) -> List[Effect]:
        """It may be asked again."""
        neighbour.asking.chokes_us = False
        neighbour.asking.was_unchoked = True
        neighbour.asking.silent = False
        return self.fill(neighbour, now)

    def note_traffic(self, received: Mapping[int, int], fetched: Mapping[int, int], now: float) -> bool:
        """Bytes `received` so far on each connection, and those of pieces among them; whether some came that had been
        asked for. Messages alone are no progress: on some paths nothing larger gets through."""
        arrived = False
        for neighbour in connected(self._neighbours):
            asking = neighbour.asking
            count = received.get(neighbour.peer, 0)
            if count != asking.received:
                asking.received = count
                asking.heard = now
                asking.silent = False
            pieces = fetched.get(neighbour.peer, 0)
            if pieces > asking.fetched:
                asking.fetched = pieces
                asking.fetched_at = now
                arrived = arrived or bool(asking.open)
        return arrived

    def _release(self, neighbour: Neighbour) -> None:
        for index in neighbour.asking.open:
            self._pieces.release(index)
        neighbour.asking.open.clear()

    # ---- choices

    def _choose(self, neighbour: Neighbour, now: float) -> Optional[int]:
        candidates = neighbour.pieces & self._pieces.free
        if candidates and self._crossing:
            candidates &= self._crossing.allowed(neighbour)
        if not candidates:
            return self._endgame(neighbour, now) if neighbour.asking.shares else None
        if neighbour.peer in self._spared and neighbour.complete:
            offered = candidates & neighbour.asking.offered  # in its first round, to us alone: nobody else has them
            if not offered:
                return self._last_resort(neighbour, candidates, now)
            return self._pick(offered, self._pieces, self._rng)
        return self._pick(candidates, self._pieces, self._rng)

    def _last_resort(self, seed: Neighbour, candidates: int, now: float) -> Optional[int]:
        """From a seed that has sent everything once: only while no other request is open to it or to one who isn't a
        seed. If nobody else is there who may have it sooner, as from any neighbour."""
        late = self._late_since(now)
        others = [one for one in connected(self._neighbours) if one.peer not in self._spared]
        if others and any(asked > late for one in [seed, *others] for asked in one.asking.open.values()):
            return None
        return self._pick(candidates, self._pieces, self._rng)

    def _endgame(self, neighbour: Neighbour, now: float) -> Optional[int]:
        """One of the last pieces, late from another neighbour, for one that has it and is idle."""
        if not self._all_asked or neighbour.asking.open:
            return None
        late = self._late_since(now)
        wanted = neighbour.pieces & self._pieces.missing  # not one that has just arrived
        if self._crossing:
            wanted &= self._crossing.allowed(neighbour)
        for other in self._neighbours.values():
            for index, asked in other.asking.open.items():
                is_late = asked <= late or self._is_held(other, asked, now)
                if is_late and wanted >> index & 1 and self._may_ask_another(index, now):
                    return index
        return None

    def _may_ask_another(self, index: int, now: float) -> bool:
        """Whether few are asked for a piece; several seeds that hold it back keep nobody else from it."""
        if self._pieces.askers(index) < MOST_ASKERS:
            return True
        asked = ((other, other.asking.open.get(index)) for other in connected(self._neighbours))
        return sum(when is not None and not self._is_held(other, when, now) for other, when in asked) < MOST_ASKERS

    def _is_held(self, other: Neighbour, asked: float, now: float) -> bool:
        """Whether a seed may hold a request back, because others will have the piece soon (see `holding`)."""
        return other.peer in self._spared and max(asked, other.asking.fetched_at) <= now - FIRST_LATE

    @property
    def _all_asked(self) -> bool:
        """Whether all missing pieces have been asked for."""
        return bool(self._pieces.asked) and not self._pieces.free

    def _late_since(self, now: float) -> float:
        """Requests made before this moment are late: the usual wait is the median over the neighbours."""
        usual = self._usual_wait()
        return now - (max(LEAST_LATE, LATE * usual) if usual else FIRST_LATE)

    def _usual_wait(self) -> float:
        """Seconds from a request to its piece, the median over the neighbours; 0 until one has answered."""
        waits = sorted(other.asking.wait for other in self._neighbours.values() if other.asking.wait)
        return waits[len(waits) // 2] if waits else 0.0

    # ---- requests

    def _ask(self, neighbour: Neighbour, index: int, now: float) -> Effect:
        self._pieces.ask(index)
        neighbour.asking.open[index] = now
        blocks = self._pieces.parts.get(index, 0) if neighbour.fleet else 0
        if blocks:
            return Send(neighbour.peer, Message(messages.REQUEST_PART, index, blocks))
        return Send(neighbour.peer, Message(messages.REQUEST, index))

    def _take_back(self, neighbour: Neighbour, index: int) -> List[Effect]:
        del neighbour.asking.open[index]
        self._pieces.release(index)
        return neighbour.asking.cancel(neighbour.peer, index)

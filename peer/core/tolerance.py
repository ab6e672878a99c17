"""The exceptions from the protocol that we grant classic neighbours: each has a limit and is reported.

A neighbour that keeps the rules sees nothing of this but an `unchoke` that it may have heard before. Fleet neighbours
are never granted anything. `docs/foreign-peers.md` describes the habits one by one.
"""

from __future__ import annotations

from random import Random
from typing import Collection, Dict, List, Mapping, Set, Tuple

from peer.core import bits, habits, messages
from peer.core.events import Effect, Send, Tell
from peer.core.grants import Grants
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces

MOST_FAULTS = 100  # different faults in handshakes that are reported to the operator
MOST_SERVED = 64  # requests of a classic neighbour that are queued or with the writer; the rest waits, a bit a piece
MOST_REQUESTS = 100  # times the number of pieces: one that has a hundred open may repeat them at every have
SPARE_REQUESTS = 1000
FEW_REPEATS = 8  # on a connection are no habit: a neighbour that gets no answer for a while may ask again
REPEAT_SECONDS = 2.0  # after sending a piece, before it may be asked for again: until then it is probably on its way
KEPT_SECONDS = 1.0  # idle, before requests made while choked are served: most neighbours have asked again by then
IDLE_SECONDS = 2.0  # unchoked and without a request before unchoke is sent again
MOST_NUDGES = 2  # such messages in vain before pieces are sent unasked: 6 seconds in all
PUSH_SECONDS = 0.5  # between two pieces that are sent unasked, so that a slow neighbour isn't flooded
FEW_BYTES = 2048  # not acknowledged: haves on their way, and no piece
UNINTERESTED_SECONDS = 3.0  # a neighbour that lacks pieces and isn't interested for so long is counted as interested
UNTOLD_SECONDS = 1.0  # after the last piece that it lacked was acknowledged, without a have, it counts as complete
PAUSE_SECONDS = 0.75  # between two looks that count at most: a longer one was a pause of our own process
CHOKED_SECONDS = 5.0  # without any progress before a neighbour that never unchoked us is asked all the same
SEED_SECONDS = 3.0  # in which a neighbour listed with the file has to announce it


class Tolerance:
    """All neighbours' grants. `seeds`: the peers listed with the file. Fleet neighbours are granted nothing."""

    def __init__(
        self, pieces: Pieces, neighbours: Mapping[int, Neighbour], seeds: Collection[int], rng: Random
    ) -> None:
        self._pieces = pieces
        self._neighbours = neighbours
        self._seeds = frozenset(seeds)
        self._rng = rng
        self._noted: Dict[Tuple[int, str], int] = {}
        self._faults: Set[Tuple[int, str]] = set()

    @property
    def lines(self) -> Tuple[str, ...]:
        """For the status: each neighbour's habits, and how often they were tolerated."""
        return tuple(
            f"{peer} {habit}" + (f" ({times} times)" if times > 1 else "")
            for (peer, habit), times in self._noted.items()
        )

    def note(self, peer: int, habit: str) -> List[Effect]:
        """Count a habit; the first time is reported to the operator."""
        times = self._noted[peer, habit] = self._noted.get((peer, habit), 0) + 1
        return [Tell(f"tolerated: {peer} {habit}")] if times == 1 else []

    def tell_once(self, peer: int, fault: str) -> List[Effect]:
        """Report to the operator a fault that a neighbour repeats with every attempt to connect."""
        if (peer, fault) in self._faults or len(self._faults) >= MOST_FAULTS:
            return []
        self._faults.add((peer, fault))
        return [Tell(f"{peer}: {fault}")]

    # ---- its pieces

    def begin(self, neighbour: Neighbour, now: float) -> None:
        """A connection begins: nothing is granted yet."""
        neighbour.grants = Grants(now)

    def end(self, neighbour: Neighbour) -> None:
        """A connection has ended, and its grants with it."""
        neighbour.grants = Grants()

    def announced(self, neighbour: Neighbour, pieces: int) -> int:
        """The set that a bitfield counts as: a neighbour listed with the file has all of it, whatever it announces."""
        neighbour.grants.announced |= pieces
        return self._pieces.all if not neighbour.fleet and neighbour.peer in self._seeds else pieces

    def have(self, neighbour: Neighbour, bit: int) -> None:
        """It announces a piece. If that is new, and we didn't send it, the neighbour isn't stuck."""
        grants = neighbour.grants
        grants.announced |= bit
        grants.tells = True
        if not bit & (grants.sent | neighbour.pieces):
            grants.idle, grants.nudges, grants.pushed = 0.0, 0, False

    def late_seeds(self) -> List[Neighbour]:
        """Neighbours that are listed with the file, announced too little in time, and count as complete from now on."""
        return [n for n in connected(self._neighbours) if n.grants.late_seed and not n.complete]

    # ---- requests

    def request(self, neighbour: Neighbour, index: int) -> List[Effect]:
        """Queue a classic neighbour's request: each piece once; a request that can't be served now is kept."""
        grants, bit = neighbour.grants, 1 << index
        grants.requests += 1
        if grants.requests > MOST_REQUESTS * self._pieces.total + SPARE_REQUESTS:
            return neighbour.drop(f"{grants.requests} requests for {self._pieces.total} pieces")
        grants.idle, grants.nudges, grants.pushed, grants.took_all = 0.0, 0, False, False
        grants.sent &= ~bit
        if neighbour.serving.we_choke:
            grants.kept |= bit
            return []
        if (grants.pending | grants.waiting | grants.recent[0] | grants.recent[1]) & bit:
            return self._repeated(neighbour, bit)
        if _served(neighbour) >= MOST_SERVED:
            grants.waiting |= bit
            return self.note(neighbour.peer, habits.DEEP)
        self._queue(neighbour, index)
        return []

    def _repeated(self, neighbour: Neighbour, bit: int) -> List[Effect]:
        """The piece is on its way. A request for it is answered again only after a while."""
        grants = neighbour.grants
        if not (grants.pending | grants.waiting) & bit:
            grants.kept |= bit
        grants.repeats += 1
        return self.note(neighbour.peer, habits.REPEATED) if grants.repeats > FEW_REPEATS else []

    def sent(self, neighbour: Neighbour, index: int) -> None:
        """The kernel has a piece: there is room for one that waits."""
        grants, bit = neighbour.grants, 1 << index
        grants.idle = 0.0
        grants.pending &= ~bit
        grants.sent |= bit
        grants.recent[0] |= bit
        self._queue_some(neighbour)

    def _queue_some(self, neighbour: Neighbour) -> None:
        grants = neighbour.grants
        while grants.waiting and not neighbour.serving.we_choke and _served(neighbour) < MOST_SERVED:
            index = _lowest(grants.waiting)
            grants.waiting &= ~(1 << index)
            self._queue(neighbour, index)

    def _queue(self, neighbour: Neighbour, index: int) -> None:
        grants, bit = neighbour.grants, 1 << index
        grants.kept &= ~bit
        grants.pending |= bit
        neighbour.serving.queue[index] = 0

    # ---- time

    def look(self, unacked: Mapping[int, int], now: float) -> List[Effect]:
        """Help classic neighbours that are stuck now. `unacked`: bytes on their way to each."""
        effects: List[Effect] = []
        for neighbour in connected(self._neighbours):
            if not neighbour.fleet:
                neighbour.grants.unacked = unacked.get(neighbour.peer, 0)
                effects += self._count_seed(neighbour, now) + self._look(neighbour, now)
        return effects

    def _count_seed(self, neighbour: Neighbour, now: float) -> List[Effect]:
        grants = neighbour.grants
        told = grants.late_seed or grants.announced == self._pieces.all or neighbour.peer not in self._seeds
        if told or now - neighbour.since < SEED_SECONDS:
            return []
        grants.late_seed = True
        return self.note(neighbour.peer, habits.SEED_BITFIELD)

    def _look(self, neighbour: Neighbour, now: float) -> List[Effect]:
        grants = neighbour.grants
        passed = min(now - grants.looked, PAUSE_SECONDS)
        grants.wanting += now - grants.looked - passed
        grants.looked = now
        self._turn(grants, now)
        lacks = self._lacks(neighbour)
        effects = self._count_in(neighbour, lacks, now)
        if neighbour.serving.we_choke:
            grants.kept |= grants.waiting
            grants.waiting = 0
            return effects
        if _served(neighbour) or grants.unacked > FEW_BYTES:
            grants.idle = 0.0
            return effects
        grants.idle += passed  # we unchoke right after a look, so all of it was spent unchoked
        if grants.kept and grants.idle >= KEPT_SECONDS:
            effects += self._serve_kept(neighbour)
        elif lacks and neighbour.wants:
            effects += self._nudge(neighbour, lacks)
        elif not lacks:
            effects += self._count_complete(neighbour)
        return effects

    def _turn(self, grants: Grants, now: float) -> None:
        if now - grants.turned >= REPEAT_SECONDS:
            grants.turned = now
            grants.recent = [0, grants.recent[0]]

    def _lacks(self, neighbour: Neighbour) -> int:
        """The pieces that we could still send it, as far as we know."""
        return self._pieces.here & ~neighbour.pieces & ~neighbour.grants.sent

    def _count_in(self, neighbour: Neighbour, lacks: int, now: float) -> List[Effect]:
        grants = neighbour.grants
        if neighbour.wants_ours or not lacks:
            grants.wanting = now
            grants.counts = False
        elif not grants.counts and now - grants.wanting >= UNINTERESTED_SECONDS:
            grants.counts = True
            return self.note(neighbour.peer, habits.UNINTERESTED)
        return []

    def _serve_kept(self, neighbour: Neighbour) -> List[Effect]:
        grants = neighbour.grants
        extra = 1 << self._pieces.total  # the empty piece that some count
        grants.waiting |= grants.kept & (self._pieces.here | extra) & ~neighbour.pieces
        grants.kept = 0
        self._queue_some(neighbour)
        return self.note(neighbour.peer, habits.ASKED_CHOKED) if neighbour.serving.queue else []

    def _nudge(self, neighbour: Neighbour, lacks: int) -> List[Effect]:
        """It may have missed the unchoke, or believe that it has asked already."""
        grants = neighbour.grants
        if grants.idle < (PUSH_SECONDS if grants.pushed else IDLE_SECONDS):
            return []
        grants.idle = 0.0
        if grants.nudges < MOST_NUDGES:
            grants.nudges += 1
            return [*self.note(neighbour.peer, habits.IDLE), Send(neighbour.peer, Message(messages.UNCHOKE))]
        grants.pushed = True
        self._queue(neighbour, bits.random_bit(lacks, self._rng))
        return self.note(neighbour.peer, habits.PUSHED)

    def _count_complete(self, neighbour: Neighbour) -> List[Effect]:
        grants = neighbour.grants
        if grants.tells or grants.took_all or neighbour.complete or not self._pieces.complete:
            return []  # a neighbour that used to announce its pieces and has stopped is frozen or slow
        grants.took_all = grants.idle >= UNTOLD_SECONDS
        return self.note(neighbour.peer, habits.UNTOLD) if grants.took_all else []


def _served(neighbour: Neighbour) -> int:
    return len(neighbour.serving.queue) + neighbour.serving.unsent


def _lowest(pieces: int) -> int:
    return (pieces & -pieces).bit_length() - 1

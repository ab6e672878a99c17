"""Which neighbours to unchoke: the classic rules (tit-for-tat and one optimistic neighbour), and the fleet's."""

from __future__ import annotations

from random import Random
from typing import FrozenSet, List, Optional, Sequence, Tuple, Union

from peer.core import eventlog
from peer.core.eventlog import Entry
from peer.core.neighbour import Neighbour
from peer.core.setup import Setup


class ClassicChoker:
    """k preferred neighbours every unchoking interval and one optimistic one every optimistic interval, in seconds."""

    def __init__(self, preferred: int, unchoking: float, optimistic: float, rng: Random) -> None:
        self._slots = preferred
        self._unchoking = unchoking
        self._optimistic = optimistic
        self._rng = rng
        self._next_unchoking: Optional[float] = None
        self._next_optimistic: Optional[float] = None
        self.preferred: FrozenSet[int] = frozenset()
        self.favourite: Optional[int] = None  # the optimistically unchoked neighbour
        self._before: Tuple[FrozenSet[int], Optional[int]] = (frozenset(), None)  # the choice before the last

    def due(self, now: float) -> float:
        """When the next choice is to be made; the intervals begin when this is asked first."""
        if self._next_unchoking is None or self._next_optimistic is None:
            self._next_unchoking, self._next_optimistic = now + self._unchoking, now + self._optimistic
        return min(self._next_unchoking, self._next_optimistic)

    def choose(self, neighbours: Sequence[Neighbour], complete: bool, now: float) -> FrozenSet[int]:
        """Make the choices that are due; returns the neighbours to unchoke now."""
        self.due(now)
        assert self._next_unchoking is not None and self._next_optimistic is not None
        self._before = (self.preferred, self.favourite)
        if now >= self._next_unchoking:
            self._next_unchoking = now + self._unchoking
            self.preferred = self._pick_preferred(neighbours, complete)
        if now >= self._next_optimistic:
            self._next_optimistic = now + self._optimistic
            self.favourite = self._pick_favourite(neighbours)
        return self.preferred | ({self.favourite} if self.favourite is not None else frozenset())

    def entries(self, me: int) -> List[Entry]:
        """The log's lines about what the last choice changed."""
        found: List[Entry] = []
        preferred, favourite = self._before
        if self.preferred and self.preferred != preferred:
            found.append(Entry("preferred", me, others=eventlog.format_others(sorted(self.preferred))))
        if self.favourite not in (favourite, None):
            found.append(Entry("optimistic", me, self.favourite))
        return found

    def note_piece(self, neighbour: Neighbour, size: int) -> None:
        """A neighbour gave us `size` bytes."""
        neighbour.interval_bytes += size

    def forget(self, peer: int) -> None:
        """A neighbour is gone."""
        self.preferred -= {peer}
        if self.favourite == peer:
            self.favourite = None

    def _pick_preferred(self, neighbours: Sequence[Neighbour], complete: bool) -> FrozenSet[int]:
        wanting = [neighbour for neighbour in neighbours if neighbour.wants]
        self._rng.shuffle(wanting)  # breaks the ties; for a complete peer it alone makes the choice
        if not complete:
            wanting.sort(key=lambda neighbour: -neighbour.interval_bytes)
        for neighbour in neighbours:
            neighbour.interval_bytes = 0
        return frozenset(neighbour.peer for neighbour in wanting[: self._slots])

    def _pick_favourite(self, neighbours: Sequence[Neighbour]) -> Optional[int]:
        wanting: List[int] = [n.peer for n in neighbours if n.wants and n.peer not in self.preferred]
        choked = [peer for peer in wanting if peer != self.favourite]
        if choked:
            return self._rng.choice(choked)
        return self.favourite if self.favourite in wanting else None


class FleetChoker:
    """All peers cooperate, so every connected neighbour is unchoked; the slots of `uploader` share the bandwidth."""

    preferred: FrozenSet[int] = frozenset()
    favourite: Optional[int] = None

    def due(self, now: float) -> float:
        """Never: a fleet peer unchokes when it connects."""
        return float("inf")

    def choose(self, neighbours: Sequence[Neighbour], complete: bool, now: float) -> FrozenSet[int]:
        """Everybody."""
        return frozenset(neighbour.peer for neighbour in neighbours)

    def entries(self, me: int) -> List[Entry]:
        """There is no choice to log."""
        return []

    def note_piece(self, neighbour: Neighbour, size: int) -> None:
        """Ignored: a neighbour that sends more isn't preferred."""

    def forget(self, peer: int) -> None:
        """A neighbour is gone: nothing to forget."""


def choker_for(setup: Setup, rng: Random) -> Union[ClassicChoker, FleetChoker]:
    """The choker of a peer's profile."""
    return FleetChoker() if setup.fleet else ClassicChoker(*setup.common[:3], rng)

"""What a peer finds on its disk: it counts once it is proved, piece by piece, while the swarm runs.

A piece that may be on the disk isn't requested before its check has failed. A disk is read faster than a link brings
bytes, and what came twice would be taken from those who lack it.
"""

from __future__ import annotations

from typing import List, Union

from peer.core import bits
from peer.core.announcing import Announcer
from peer.core.eventlog import Entry
from peer.core.events import Checked, Effect, Finish, Finished, Found, Log, Settled
from peer.core.fetcher import Fetcher
from peer.core.leaving import Leaving
from peer.core.pieces import Pieces

DiskEvent = Union[Found, Checked, Settled, Finished]


class Finding:
    """Takes note of what lies on the disk. `me`: this peer; `found`: the set of pieces that may be on it, or were."""

    def __init__(self, me: int, pieces: Pieces, leaving: Leaving, announcer: Announcer, fetcher: Fetcher) -> None:
        self._me = me
        self._finishing = False
        self._pieces = pieces
        self._leaving = leaving
        self._announcer = announcer
        self._fetcher = fetcher
        self.found = 0
        self.is_version = False  # whether any was right: other hosts have most of it too

    def take(self, event: DiskEvent, now: float) -> List[Effect]:
        """One fact about the disk."""
        if isinstance(event, Settled):
            return self._settle(event.complete)
        if isinstance(event, Checked):
            for piece, blocks in event.parts.items():
                self._pieces.want(piece, blocks)
            return self._check(event.right, event.wrong, now) + self.finish()
        if isinstance(event, Finished):
            self._leaving.finished = True
            return [Log(Entry("complete", self._me))]
        self.found = event.pieces
        self._pieces.stored = event.stored
        return self._check(0, self._pieces.unchecked & ~event.pieces, now)

    def _check(self, right: int, wrong: int, now: float) -> List[Effect]:
        self.is_version = self.is_version or bool(right)
        self._leaving.note_arrival(now)  # a neighbour that has every piece is shown that we go forward
        self._pieces.check(right, wrong)
        late = [
            effect for index in bits.indices(right & self._pieces.asked) for effect in self._fetcher.withdraw(index)
        ]
        return late + self._announcer.announce_found(right) + self._fetcher.fill_all(now)

    def _settle(self, complete: bool) -> List[Effect]:
        self._pieces.settled = True
        self._leaving.finished = complete
        return [] if complete else self.finish()

    def finish(self) -> List[Effect]:
        """If all pieces are here, and each at its place, the payload gets its final name: once, unless it has it."""
        ready = self._pieces.complete and self._pieces.settled and not self._leaving.finished
        if not ready or self._finishing:
            return []
        self._finishing = True
        return [Finish()]

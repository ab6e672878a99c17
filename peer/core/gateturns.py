"""Which pieces a gate of a zone fetches from outside: its own share, and the shares of gates that fetch nothing.

The gates stand in a ring. A share of which pieces wait, and nothing comes for a pause, is the next gate's too, and the
one's after it after another pause, until all have had their turn. Whoever sees that another gate brings pieces of a
share steps back from it. So a gate that is gone holds nothing up, and one that works keeps its turn, however long its
pieces take.
"""

from __future__ import annotations

from typing import List, Sequence


class GateTurns:
    """One gate's part. `shares`: the set of its own pieces, then those of the gates before it, the nearest first."""

    def __init__(self, shares: Sequence[int]) -> None:
        self._shares = shares
        self._pauses: List[int] = [0] * len(shares)  # in which nothing of a share came
        self._waiting = 0

    @property
    def ours(self) -> int:
        """The set of pieces that are for this gate now."""
        found = 0
        for turn, (share, pauses) in enumerate(zip(self._shares, self._pauses)):
            found |= share if pauses >= turn else 0
        return found

    def pause(self, waiting: int, brought: int) -> None:
        """A pause is over. `waiting`: the pieces that are outside alone; `brought`: those that this gate fetched."""
        before, self._waiting = self._waiting, waiting
        come = before & ~waiting
        for turn, share in enumerate(self._shares):
            if share & come & ~brought:
                self._pauses[turn] = 0
            elif share & before and not share & come:
                self._pauses[turn] += 1

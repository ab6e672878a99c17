"""Which pieces are here, which are requested, and how many neighbours have each."""

from __future__ import annotations

from typing import Dict, List, Optional

from peer.core import bits
from peer.core.repeats import Repeats


class Pieces:
    """The sets that every choice is made from; each is a set as in `bits`.

    `here`: stored and checked; `missing`: all others. `asked`: requested from a neighbour, not yet here.
    `unchecked`: missing, and perhaps on the disk: it isn't requested until a check has found that it isn't.
    `rarity[n]`: the pieces that exactly n connected neighbours have.

    `settled`: whether everything on the disk was checked and is at its place; if not, all pieces begin as unchecked.

    `parts`: pieces of which only some blocks have to be asked for, with the set of these. `still`: missing pieces of
    which none has, as their blocks are made or copied here. Both begin with what `repeats` tells.
    """

    def __init__(
        self,
        total: int,
        here: int = 0,
        settled: bool = True,
        repeats: Optional[Repeats] = None,
    ) -> None:
        self.total = total
        self.all = bits.full(total)
        self.here = here
        self.missing = self.all & ~here
        self.settled = settled
        self.unchecked = 0 if settled else self.missing
        self.stored = 0  # by an earlier start, which may be unchecked
        self.count = bits.count(here)
        self.asked = 0
        self.rarity: List[int] = [self.all]
        self.parts: Dict[int, int] = repeats.partial() if repeats and self.missing else {}
        self.still = repeats.still & self.missing if repeats and self.missing else 0
        self._askers: Dict[int, int] = {}  # piece -> open requests for it

    @property
    def complete(self) -> bool:
        """Whether every piece is here."""
        return not self.missing

    @property
    def free(self) -> int:
        """The set of pieces that are neither here nor asked for, nor come without that."""
        return self.missing & ~self.asked & ~self.unchecked & ~self.still

    def has(self, index: int) -> bool:
        """Whether this piece is here."""
        return bool(self.here >> index & 1)

    def store(self, index: int) -> None:
        """Note that a piece is here."""
        if not self.has(index):
            self.here |= 1 << index
            self.missing ^= 1 << index
            self.count += 1
            self.parts.pop(index, None)

    def want(self, index: int, blocks: int) -> None:
        """Of a missing piece these blocks have to be asked for: some of them, or none."""
        if self.has(index):
            return
        if blocks:
            self.parts[index] = blocks
            self.still &= ~(1 << index)
        else:
            self.still |= 1 << index

    @property
    def held(self) -> int:
        """How many pieces are here or were stored by an earlier start, and not found wrong since."""
        return self.count + bits.count(self.unchecked & self.stored)

    def check(self, right: int, wrong: int) -> None:
        """Note which of the unchecked pieces are here, and which must come from others."""
        self.unchecked &= ~(right | wrong)
        self.count += bits.count(right & self.missing)
        self.here |= right
        self.missing &= ~right
        self.still &= ~right

    # ---- open requests

    def ask(self, index: int) -> None:
        """One more open request for a piece."""
        self._askers[index] = self._askers.get(index, 0) + 1
        self.asked |= 1 << index

    def release(self, index: int) -> None:
        """One open request less, answered or given up."""
        left = self._askers.pop(index) - 1
        if left:
            self._askers[index] = left
        else:
            self.asked &= ~(1 << index)

    def askers(self, index: int) -> int:
        """Open requests for a piece."""
        return self._askers.get(index, 0)

    # ---- how many neighbours have a piece

    def gain(self, pieces: int) -> None:
        """One neighbour more has each of these pieces."""
        moved = 0
        for level, members in enumerate(self.rarity):
            rise = members & pieces
            if rise or moved:
                self.rarity[level] = members ^ rise | moved
                pieces ^= rise
                moved = rise
            elif not pieces:
                return
        if moved:
            self.rarity.append(moved)

    def holders(self, index: int) -> int:
        """How many connected neighbours are known to have a piece."""
        return next(level for level, members in enumerate(self.rarity) if members >> index & 1)

    def gain_one(self, index: int, apart: bool = False) -> None:
        """One neighbour more has this piece: the common case, without a loop over the sets of all levels.

        One that is apart doesn't count.
        """
        bit = 0 if apart else 1 << index
        for level, members in enumerate(self.rarity):
            if members & bit:
                self.rarity[level] = members ^ bit
                if level + 1 == len(self.rarity):
                    self.rarity.append(0)
                self.rarity[level + 1] |= bit
                return

    def lose(self, pieces: int) -> None:
        """One neighbour less has each of these pieces."""
        for level in range(1, len(self.rarity)):
            fall = self.rarity[level] & pieces
            self.rarity[level] ^= fall
            self.rarity[level - 1] |= fall
            pieces &= ~fall

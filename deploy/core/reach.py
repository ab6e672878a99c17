"""Who reaches whom: the matrix of `check`, the hosts that only dial, and whether the swarm can work all the same.

Both ends dial, so two neighbours meet if one of them gets through to the other. A host that accepts nothing takes part
by what it dials; only who meets nobody, or a part of the hosts that is cut off from the seeds, can't work. A relayed
host meets all others through the operator's machine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from deploy.core.checkup import NARROW_REMEDY, Missed, Target
from peer.core.listing import listed

MOST_DRAWN = 24  # hosts in the matrix
HEAD = "who dials"
SELF, YES, NO, NARROW, UNTRIED, RELAYED = "\\", "+", "-", "n", " ", "r"
ALL, SOME, NONE, BY_RELAY = "all", "not all", "none: it only dials", "relay"
ALONE = "none, nor does it reach any"
_MOST_NAMED = 8
PROPOSAL = "open their ports, or write `relay: true` on them"


class Reach:
    """What the hosts found. `dialled`: the targets of each host, in the order of the hosts; `missed`: those in vain.

    `relayed`: hosts that only SSH reaches.
    """

    def __init__(
        self, dialled: Mapping[str, Sequence[Target]], missed: Sequence[Missed], relayed: Collection[str] = ()
    ) -> None:
        self.names = list(dialled)
        self._relayed = frozenset(relayed)
        self.missed = missed
        self.targets = [target for targets in dialled.values() for target in targets]
        self._owners = {(one.address, one.port): one.host for one in self.targets}
        tried = {(name, target.host) for name, targets in dialled.items() for target in targets}
        vain = {(one.dialler, self.host_of(one)): NARROW if one.narrow else NO for one in missed}
        self._marks = {pair: vain.get(pair, YES) for pair in tried}

    def host_of(self, missed: Missed) -> str:
        """Whose port was missed."""
        return self._owners[missed.address, missed.port]

    def reached(self, name: str) -> str:
        """By whom a host is reached: ALL, SOME or NONE of those that tried, ALONE or BY_RELAY."""
        if name in self._relayed:
            return BY_RELAY
        marks = [mark for (_, other), mark in self._marks.items() if other == name]
        if NO not in marks or YES in marks:
            return ALL if set(marks) <= {YES} else SOME
        dials = [mark for (one, _), mark in self._marks.items() if one == name]
        return ALONE if NO in dials and YES not in dials else NONE

    def stranded(self, seeds: Collection[str]) -> list[str]:
        """The hosts that no seed's payload can come to, whoever dials whom; () if the swarm can work."""
        found = {name for name in self.names if name in seeds}
        new = set(found)
        while new:
            new = {name for name in self.names if name not in found and any(self._meet(name, one) for one in new)}
            found |= new
        return [name for name in self.names if name not in found]

    def _meet(self, one: str, other: str) -> bool:
        if self._relayed & {one, other}:
            return True
        return YES in (self._marks.get((one, other)), self._marks.get((other, one)))

    def lines(self, seeds: Collection[str]) -> list[str]:
        """For a person; nothing where everybody reaches everybody."""
        if not self.missed:
            return []
        only = [name for name in self.names if self.reached(name) == NONE]
        told = [f"only dial, and accept nothing: {listed(only, _MOST_NAMED)}"] if only else []
        narrow = sorted({name for pair, mark in self._marks.items() if mark == NARROW for name in pair})
        if narrow:
            told.append(
                f"between some of {listed(narrow, _MOST_NAMED)} only small packets get through, so nothing is carried"
                f" there: {NARROW_REMEDY}"
            )
        stranded = self.stranded(seeds)
        if stranded:
            problem = f"the swarm can't work: {listed(stranded, _MOST_NAMED)} and the seeds meet nobody in common"
            verdict = f"{problem}; {PROPOSAL}"
        else:
            verdict = "the swarm can work: of two neighbours one reaches the other, or each has others that it meets"
        return [*self._matrix(), *told, verdict]

    def _matrix(self) -> list[str]:
        names = self.names[:MOST_DRAWN]
        wide = max(len(HEAD), *map(len, names))
        columns = " ".join(f"{number:>2}" for number in range(1, len(names) + 1))
        rows = [
            f"{number:>2} {name:<{wide}}  " + " ".join(f" {self._mark(name, other)}" for other in names)
            for number, name in enumerate(names, 1)
        ]
        narrow = ", n by small packets only" * (NARROW in self._marks.values())
        legend = f"+ gets through, - doesn't{narrow}" + ", r by relay" * bool(self._relayed)
        return [f"   {HEAD:<{wide}}  {columns}  ({legend})", *(row.rstrip() for row in rows)]

    def _mark(self, one: str, other: str) -> str:
        if one != other and self._relayed & {one, other}:
            return RELAYED
        return SELF if one == other else self._marks.get((one, other), UNTRIED)

"""The things that a record lists as made, in columns: a tree of a hundred thousand files costs megabytes, not fifty.

A row is a path and an identity. The rows of a path are found by its hash, in a table of row numbers that is probed from
there on; rows are only added, so those of one path come oldest first.
"""

from __future__ import annotations

from array import array
from typing import Callable, Iterator, List, Tuple

from peer.core.tuples import NamedTuple

_UNSIGNED, _SIGNED = 2**64, 2**63
_FIRST_SLOTS = 16  # a power of two, always; half of the slots are free at least


class Identity(NamedTuple):
    """The identity of a thing when we made it. Size in bytes, time of change in nanoseconds."""

    kind: str
    device: int
    inode: int
    size: int = 0
    mtime: int = 0


class MadeTable:
    """What was made, by path. Numbers that are no device, inode, size or time raise OverflowError or ValueError."""

    def __init__(self) -> None:
        self._names, self._ends = bytearray(), array("I")
        self._whats: List[Tuple[str, int]] = []  # kind and device: few for all rows together
        self._kinds = bytearray()  # of each row: the number of its kind and device
        self._inodes, self._facts = array("Q"), array("q")  # of each row; of the latter size and time
        self._gone = bytearray()  # of each row: whether it counts no more
        self._slots = array("I", [0]) * _FIRST_SLOTS  # a row's number and one, or 0

    def __len__(self) -> int:
        """How many rows count."""
        return self._gone.count(0)

    def __iter__(self) -> Iterator[Tuple[str, Identity]]:
        """All of it, the oldest first."""
        return ((self._path(row), self._identity(row)) for row in range(len(self._gone)) if not self._gone[row])

    def some(self, most: int) -> List[Tuple[str, Identity]]:
        """A few of the rows that count, from all over the table."""
        step = max(1, len(self._gone) // most)
        rows = (row for row in range(0, len(self._gone), step) if not self._gone[row])
        return [(self._path(row), self._identity(row)) for row in rows]

    def of(self, path: str) -> List[Identity]:
        """What was made at a path, the oldest first."""
        return [self._identity(row) for row in self._rows(path.encode("utf-8", "surrogatepass"))]

    @property
    def paths(self) -> Iterator[str]:
        """The paths at which something was made, each once."""
        for row in range(len(self._gone)):
            if not self._gone[row] and next(self._rows(self._name(row))) == row:
                yield self._path(row)

    def add(self, path: str, identity: Identity) -> bool:
        """Note one; False if it was noted before."""
        name = path.encode("utf-8", "surrogatepass")
        slot = self._slot(name, identity)
        if self._slots[slot]:
            return False
        kind, device, inode, size, mtime = identity
        if not (0 <= device < _UNSIGNED and 0 <= inode < _UNSIGNED and abs(size) < _SIGNED and abs(mtime) < _SIGNED):
            raise ValueError(f"no device, inode, size or time: {identity}")
        what = (kind, device)
        if what not in self._whats:
            self._whats.append(what)
        self._kinds.append(self._whats.index(what))
        self._inodes.append(inode)
        self._facts.extend((size, mtime))
        self._names += name
        self._ends.append(len(self._names))
        self._gone.append(0)
        self._slots[slot] = len(self._gone)
        if 2 * len(self._gone) > len(self._slots):
            self._grow()
        return True

    def _slot(self, name: bytes, identity: Identity) -> int:
        """Where the row that says the same is; a free slot where there is none. Few others have the same inode."""
        slots, most = self._slots, len(self._slots) - 1
        at = hash(name) & most
        while slots[at]:
            row = slots[at] - 1
            if self._inodes[row] == identity.inode and self._is(row, name, identity):
                break
            at = (at + 1) & most
        return at

    def _is(self, row: int, name: bytes, identity: Identity) -> bool:
        return not self._gone[row] and self._name(row) == name and self._identity(row) == identity

    def remove(self, path: str) -> None:
        """Nothing that was made is at the path any more."""
        for row in self._rows(path.encode("utf-8", "surrogatepass")):
            self._gone[row] = 1

    def keep(self, chosen: Callable[[str, Identity], bool]) -> None:
        """Forget all but what is chosen."""
        for row in range(len(self._gone)):
            if not self._gone[row] and not chosen(self._path(row), self._identity(row)):
                self._gone[row] = 1

    def _rows(self, name: bytes) -> Iterator[int]:
        """The rows of a path that count."""
        most = len(self._slots) - 1
        at = hash(name) & most
        while self._slots[at]:
            row = self._slots[at] - 1
            if not self._gone[row] and self._name(row) == name:
                yield row
            at = (at + 1) & most

    def _grow(self) -> None:
        self._slots = array("I", [0]) * (2 * len(self._slots))
        for row in range(len(self._gone)):
            if not self._gone[row]:
                self._put(row)

    def _put(self, row: int) -> None:
        most = len(self._slots) - 1
        at = hash(self._name(row)) & most
        while self._slots[at]:
            at = (at + 1) & most
        self._slots[at] = row + 1

    def _name(self, row: int) -> bytes:
        return bytes(self._names[self._ends[row - 1] if row else 0 : self._ends[row]])

    def _path(self, row: int) -> str:
        return self._name(row).decode("utf-8", "surrogatepass")

    def _identity(self, row: int) -> Identity:
        kind, device = self._whats[self._kinds[row]]
        size, mtime = self._facts[2 * row : 2 * row + 2]
        return Identity(kind, device, self._inodes[row], size, mtime)

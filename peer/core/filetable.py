"""The table of a payload's files, kept in columns: a hundred thousand rows take a few megabytes, not fifty."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import merge
from itertools import accumulate, islice
from operator import sub
from typing import Tuple

from peer.core.tuples import NamedTuple


class FileEntry(NamedTuple):
    """One file of the payload: path below the payload's name ('/' between parts), bytes, permission bits."""

    path: str
    size: int
    mode: int


class FileTable:
    """Files in the order of the row: `starts` says where each begins in it, and at last where the row ends.

    Rows are made when they are asked for; only the columns are kept. Columns must be equally long.
    """

    def __init__(self, paths: Iterable[str] = (), sizes: Iterable[int] = (), modes: Iterable[int] = ()) -> None:
        self._names, self._ends = _joined(paths)
        self._modes = array("H", modes)
        self.starts = array("Q", accumulate(sizes, initial=0))
        if not len(self._ends) == len(self._modes) == len(self.starts) - 1:
            raise ValueError("the columns of files aren't equally long")

    @classmethod
    def of(cls, entries: Iterable[FileEntry]) -> FileTable:
        """The table of these rows."""
        rows = list(entries)
        return cls((row.path for row in rows), (row.size for row in rows), (row.mode for row in rows))

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[FileEntry]:
        return map(FileEntry, self.paths, self.sizes, self._modes)

    def __getitem__(self, number: int) -> FileEntry:
        return FileEntry(self.path(number), self.size_of(number), self._modes[number])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileTable) and self._columns == other._columns

    def __hash__(self) -> int:
        return hash((self._names, len(self)))

    def __repr__(self) -> str:
        return f"FileTable.of({list(self)!r})"

    @property
    def _columns(self) -> Sequence[object]:
        return self._names, self._ends, self._modes, self.starts

    def path(self, number: int) -> str:
        """The path of one file."""
        begin = self._ends[number - 1] if number else 0
        return self._names[begin : self._ends[number]].decode("utf-8", "surrogatepass")

    def each_path(self) -> Iterator[str]:
        """The paths of all files, in their order."""
        names, begin = self._names, 0
        for end in self._ends:
            yield names[begin:end].decode("utf-8", "surrogatepass")
            begin = end

    def size_of(self, number: int) -> int:
        """The bytes of one file."""
        return self.starts[number + 1] - self.starts[number]

    @property
    def paths(self) -> Paths:
        """The paths of all files."""
        return Paths(self)

    @property
    def sizes(self) -> Iterator[int]:
        """The bytes of each file."""
        return map(sub, islice(self.starts, 1, None), self.starts)

    @property
    def modes(self) -> Sequence[int]:
        """The permission bits of each file."""
        return self._modes

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.starts[-1]

    @property
    def state(self) -> bytes:
        """All columns as bytes: equal for equal tables, on one machine or on two."""
        return self._names + b"".join(_little(column) for column in (self._ends, self._modes, self.starts))


class Paths(Collection[str]):
    """The paths of a table's files, made when they are asked for. The table must be sorted to find one."""

    def __init__(self, table: FileTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[str]:
        return self._table.each_path()

    def __getitem__(self, number: int) -> str:
        return self._table.path(number)

    def __contains__(self, path: object) -> bool:
        number = bisect_left(self, path) if isinstance(path, str) else len(self)
        return number < len(self) and self[number] == path


class Merged(Iterable[str]):
    """A table's sorted paths, and a few more among them, in order; as often as they are gone through."""

    def __init__(self, paths: Paths, others: Iterable[str]) -> None:
        self._paths = paths
        self._others = sorted(others)

    def __iter__(self) -> Iterator[str]:
        return merge(self._paths, self._others) if self._others else iter(self._paths)


def _joined(paths: Iterable[str]) -> Tuple[bytes, "array[int]"]:
    """The bytes of all paths, and where each ends in them."""
    if isinstance(paths, list) and all(map(str.isascii, paths)):
        return "".join(paths).encode(), array("Q", accumulate(map(len, paths)))
    names, ends = bytearray(), array("Q")
    for path in paths:  # one at a time: a peer's memory counts, and never needs all of them as objects
        names += path.encode("utf-8", "surrogatepass")
        ends.append(len(names))
    return bytes(names), ends


def _little(column: "array[int]") -> bytes:
    """The numbers with their low byte first, whatever the machine's order is."""
    if array("H", [1]).tobytes()[0]:
        return column.tobytes()
    turned = array(column.typecode, column)
    turned.byteswap()
    return turned.tobytes()

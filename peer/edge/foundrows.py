"""Entries of a tree as a scan finds them, in columns: a hundred thousand sets of facts as objects take 100 MiB."""

from __future__ import annotations

import os
from array import array
from typing import Collection, Dict, List, Sequence, Tuple

from peer.core.errors import ConfigError
from peer.core.listing import quoted

Entry = Tuple[str, os.stat_result]  # path below the top, and facts
Identity = Tuple[int, int]  # device and inode
_FAR = 2**63  # nanoseconds


class FoundRows:
    """Entries of one kind, such as the files, a row each. Times are of modification, `changes` of anything at all.

    `shared`: the identity of those with several names; `held`: the bytes on the disk of those that take less than
    their size.
    """

    def __init__(self) -> None:
        self.paths: List[str] = []
        self.sizes, self.modes = array("Q"), array("H")
        self.times, self.changes, self.inodes = array("q"), array("q"), array("Q")
        self.shared: Dict[str, Identity] = {}
        self.held: Dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def add(self, found: Sequence[Entry]) -> None:
        """More of them; many at a time, as each step in Python counts. Raises ConfigError."""
        infos = [info for _, info in found]
        self.paths += [path for path, _ in found]
        self.sizes.extend([info.st_size for info in infos])
        self.modes.extend([info.st_mode for info in infos])
        self.inodes.extend([info.st_ino for info in infos])
        try:
            self.times.extend([info.st_mtime_ns for info in infos])
        except OverflowError:
            raise _far(found) from None
        self.changes.extend([info.st_ctime_ns for info in infos])
        self.shared.update([(path, identity_of(info)) for path, info in found if info.st_nlink > 1])
        held = [(path, 512 * info.st_blocks) for path, info in found if 512 * info.st_blocks < info.st_size]
        self.held.update(held)

    def in_order(self) -> FoundRows:
        """The same sorted by path."""
        return self._chosen(sorted(range(len(self)), key=self.paths.__getitem__))

    def but(self, paths: Collection[str]) -> FoundRows:
        """The same without some."""
        return self._chosen([row for row, path in enumerate(self.paths) if path not in paths]) if paths else self

    def _chosen(self, order: List[int]) -> FoundRows:
        made = FoundRows()
        made.paths = list(map(self.paths.__getitem__, order))
        made.sizes, made.modes, made.times, made.changes, made.inodes = (
            array(column.typecode, map(column.__getitem__, order)) for column in self._columns
        )
        made.shared, made.held = self.shared, self.held
        return made

    @property
    def state(self) -> bytes:
        """All of it as bytes: on one machine the same for the same rows in the same order."""
        paths = "\0".join(self.paths).encode("utf-8", "surrogatepass")
        return b"%d\n%b" % (len(paths), paths) + b"".join(column.tobytes() for column in self._columns)

    @property
    def _columns(self) -> "Tuple[array[int], ...]":
        return self.sizes, self.modes, self.times, self.changes, self.inodes


def identity_of(info: os.stat_result) -> Identity:
    """What a thing is known by, whatever its name."""
    return info.st_dev, info.st_ino


def _far(found: Sequence[Entry]) -> ConfigError:
    """The error for a time that no manifest can hold."""
    odd = next(path for path, info in found if not -_FAR <= info.st_mtime_ns < _FAR)
    return ConfigError(quoted(odd), "its time of change is centuries away", "give it another with `touch`")

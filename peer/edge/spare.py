"""The files of older versions that may have elsewhere what a new one lacks: nothing, or another file, is there now.

By renames in a row (`log.1` becomes `log.2`, and `log` becomes `log.1`) each file comes to where another one was. That
shows by its size and time, which a new name doesn't change.
"""

from __future__ import annotations

import os
import stat
from typing import Callable, Iterable, Iterator, List, Sequence, Set, Tuple

from peer.core.manifest import Manifest
from peer.core.strangers import strangers
from peer.edge.files import entries_below

_File = Tuple[str, int]  # path, bytes


class Spare:
    """`files`: path and bytes of each such file in the trees at `roots`.

    `lacking` tells the files of the new version that aren't here yet.
    """

    def __init__(self, manifest: Manifest, roots: Sequence[str], lacking: Callable[[], Iterable[int]]) -> None:
        self._looks = _Looks(manifest)
        gone = [file for root in roots for file in _gone(manifest, root)] if manifest.tree else []
        displaced = [file for root in roots for file in self._looks.displaced(root, lacking())] if manifest.tree else []
        self._wanted = {look for look, _ in displaced}
        self._has_gone = bool(gone)
        self.files: List[_File] = gone + [file for _, file in displaced]

    def may_give(self, file: int) -> bool:
        """Whether blocks of this file of the new version may be in one of them."""
        return self._has_gone or (bool(self._wanted) and self._looks.of(file) in self._wanted)


def _gone(manifest: Manifest, root: str) -> Iterator[_File]:
    for path, entry in strangers(entries_below(root), manifest.files.paths):
        if entry.is_file(follow_symlinks=False):
            yield os.path.join(root, path), entry.stat(follow_symlinks=False).st_size


class _Looks:
    """What is told of a file without reading it: a number made of its size and time, or of its size alone."""

    def __init__(self, manifest: Manifest) -> None:
        self._files = manifest.files
        self._times = manifest.parts.file_times if manifest.parts.rules.times else ()

    def of(self, file: int) -> int:
        """That of a file of the new version."""
        return self._of(self._files.size_of(file), self._times[file] if self._times else 0)

    def _of(self, size: int, time: int) -> int:
        return hash((size, time if self._times else 0))

    def displaced(self, root: str, lacking: Iterable[int]) -> List[Tuple[int, _File]]:
        """The files that lie where the new version has another, and look like one that wasn't at its place."""
        sought: Set[int] = set()
        found: List[Tuple[int, _File]] = []
        for file in lacking:
            wanted = self.of(file)
            there = os.path.join(root, self._files.path(file))
            try:
                info = os.lstat(there)
            except OSError:
                sought.add(wanted)
                continue
            look = self._of(info.st_size, info.st_mtime_ns)
            if look != wanted:
                sought.add(wanted)
                if stat.S_ISREG(info.st_mode) and info.st_size:
                    found.append((look, (there, info.st_size)))
        return [one for one in found if one[0] in sought]

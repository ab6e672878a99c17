"""Keeps the unchanged files of the tree that a new version replaces: they become part of it by a hard link.

The old tree goes after the switch, so nothing stays shared. Only a file counts that is ours as we made it, with the
mode, time and owner of the new one, and only once its bytes were hashed, after it was linked.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Callable, Iterator, List, Optional, Tuple

from peer.core.layout import Run
from peer.core.manifest import Manifest
from peer.edge.kept import is_right
from peer.edge.ours.recordfile import RecordFile
from peer.edge.ours.recordview import facts_of
from peer.edge.payload import Payload
from peer.edge.traits import has_owner
from peer.edge.verdicts import verdicts

_FILES, _BYTES = 256, 4 * 1024 * 1024  # that a thread looks at in one go, at least one of them

Files = Tuple[int, int]  # the number of a first file, and of the first after the last


class Keeping:
    """Links files of the tree at `old`, which has the payload's name, into the incomplete copy `goal`."""

    def __init__(self, manifest: Manifest, old: str, goal: Payload, record: RecordFile) -> None:
        self._manifest = manifest
        self._old = old
        self._goal = goal
        self._record = record
        self._named = manifest.parts.named
        self._user = os.geteuid()
        self._traits = dict(manifest.parts.traits) if manifest.parts.rules.owner else {}

    def run(self, is_over: Callable[[], bool]) -> Iterator[Run]:
        """Link all that can be kept; the blocks of these files, as they are found right."""
        for files, _ in verdicts(self._keep, self._files(), is_over):
            yield from self._goal.kept.blocks(*files)

    @property
    def bytes(self) -> int:
        """Bytes on the disk of the files that can be kept if their own bytes are right."""
        found = (facts_of(self._old_path(number)) for number in range(len(self._manifest.files)))
        return sum(info.st_blocks * 512 for number, info in enumerate(found) if info and self._is_alike(number, info))

    def _files(self) -> List[Files]:
        starts, runs, begin = self._manifest.files.starts, [], 0
        for end in range(1, len(starts)):
            if end - begin >= _FILES or starts[end] - starts[begin] >= _BYTES or end == len(starts) - 1:
                runs.append((begin, end))
                begin = end
        return runs

    def _keep(self, files: Files) -> bool:
        """Link those of these files that are right; what can't be linked, for whatever reason, isn't kept."""
        for number in range(*files):
            with contextlib.suppress(OSError):
                self._keep_one(number, self._old_path(number))
        return True

    def _old_path(self, number: int) -> str:
        return os.path.join(self._old, self._manifest.files.path(number))

    def _keep_one(self, number: int, old: str) -> None:
        info = os.lstat(old)
        if not self._is_alike(number, info) or not self._record.knows(old, info):
            return
        new = self._goal.path(number)
        try:
            os.link(old, new, follow_symlinks=False)
        except FileExistsError:  # of an earlier start
            if not os.path.samefile(old, new):
                return
        info = os.lstat(new)  # before the bytes are read: it tells later of each change since then
        if self._is_alike(number, info) and is_right(self._manifest, number, new):
            self._goal.kept.add(number, info)
        else:
            os.unlink(new)

    def _is_alike(self, number: int, info: os.stat_result) -> bool:
        """Whether a file is in all but its bytes what the new version has there."""
        files, parts = self._manifest.files, self._manifest.parts
        if self._named and files.path(number) in self._named:
            return False
        if not stat.S_ISREG(info.st_mode) or info.st_size != files.size_of(number):
            return False
        if stat.S_IMODE(info.st_mode) != files.modes[number]:
            return False
        if parts.rules.times and info.st_mtime_ns != parts.file_times[number]:
            return False
        if parts.rules.owner:
            return has_owner(info, parts.kinds[self._traits[files.path(number)]].owner)
        return info.st_uid == self._user


def keeping_of(manifest: Manifest, old: str, goal: Payload, record: RecordFile) -> Optional[Keeping]:
    """What can be kept of what is at `old`; None where nothing can."""
    can = manifest.tree and manifest.blocks and not manifest.parts.rules.xattrs
    return Keeping(manifest, old, goal, record) if can and os.path.isdir(old) and not os.path.islink(old) else None

"""Makes the small files of a copy with the write that brings all of one: it is opened once, and never looked at again.

A large file is made before anything is written: so it gets its room on the disk, and several threads may write to it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Callable

from peer.core.manifest import Manifest
from peer.edge.files import write_at
from peer.edge.modes import set_mode

SMALL = 64 * 1024  # bytes of a file at most; it must have one block only: then one piece brings it, and one thread
MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER = 0o600  # what we need while the files are incomplete
_OTHER, _AWAITED, _DONE = range(3)


def mode_meanwhile(mode: int) -> int:
    """The mode of a file until its copy is complete."""
    return mode & 0o777 | _OWNER


class SmallFiles:
    """Those that are `awaited` aren't made yet, as far as we know. Those that are `done` have their times as well."""

    def __init__(self, manifest: Manifest, path_of: Callable[[int], str]) -> None:
        self._files = manifest.files
        self._times = manifest.parts.file_times
        self._most = min(SMALL, manifest.block) if manifest.tree else 0  # one file gains nothing
        self._path_of = path_of
        self._states = bytearray()  # of each file of the payload, once one is awaited

    def is_small(self, number: int) -> bool:
        """Whether a file may be made by its first write."""
        return 0 < self._files.size_of(number) <= self._most

    def expect(self, number: int) -> None:
        """A file shall be made when its bytes come."""
        if not self._states:
            self._states = bytearray(len(self._files))
        self._states[number] = _AWAITED

    def awaits(self, number: int) -> bool:
        """Whether a file isn't made yet."""
        return bool(self._states) and self._states[number] == _AWAITED

    def is_done(self, number: int) -> bool:
        """Whether a file has its bytes, mode and time."""
        return bool(self._states) and self._states[number] == _DONE

    def changes(self, number: int) -> None:
        """A file is made, or written to, in another way."""
        if self._states:
            self._states[number] = _OTHER

    def make(self, number: int, data: memoryview) -> bool:
        """Make a file if these are all of its bytes; False if it has to be made and written in the usual way."""
        if len(data) != self._files.size_of(number):
            return False
        mode = mode_meanwhile(self._files.modes[number])
        try:
            descriptor = os.open(self._path_of(number), MAKE, mode)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.EMFILE, errno.ENFILE):  # an earlier start came so far
                return False
            raise
        self._states[number] = _OTHER
        try:
            info = os.fstat(descriptor)
            if stat.S_IMODE(info.st_mode) != mode:
                set_mode(descriptor, mode)
            write_at(descriptor, data, 0)
            if self._times:
                with contextlib.suppress(OSError, OverflowError):  # at the end it is tried again
                    os.utime(descriptor, ns=(info.st_atime_ns, self._times[number]))
                    self._states[number] = _DONE
        finally:
            os.close(descriptor)
        return True

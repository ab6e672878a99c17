"""Tries on a temporary file or folder what a file system makes of times and attributes: some keep none, or less."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator, Optional

_PREFIX = ".weft-"


class Trial:
    """A file to try on, in a folder. Without a descriptor none can be made there, and everything counts as kept."""

    def __init__(self, folder: str, descriptor: Optional[int]) -> None:
        self._folder = folder
        self._descriptor = descriptor

    def is_right_time(self, wanted: int, found: int) -> bool:
        """Whether `found` is what becomes of a time, in nanoseconds: vfat keeps even seconds, some keep none at all."""
        if self._descriptor is None:
            return wanted == found
        before = os.fstat(self._descriptor).st_mtime_ns
        with contextlib.suppress(OSError, OverflowError):
            os.utime(self._descriptor, ns=(wanted, wanted))
        after = os.fstat(self._descriptor).st_mtime_ns
        return after == found or after == before != wanted

    def keeps_xattr(self, name: str, value: bytes, is_folder: bool) -> bool:
        """Whether this user can give a file, or a folder, this extended attribute."""
        import tempfile

        if self._descriptor is None:
            return True
        try:
            if not is_folder:
                os.setxattr(self._descriptor, name, value)
                return True
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=_PREFIX) as tried:
                os.setxattr(tried, name, value)
        except (OSError, AttributeError):
            return False
        return True


@contextlib.contextmanager
def trying(folder: str) -> Iterator[Trial]:
    """A trial in a folder, gone after the block."""
    import tempfile  # slow to load, and seldom needed

    try:
        # With a name: one without (O_TMPFILE) isn't on that file system yet, as some layers see it.
        file = tempfile.NamedTemporaryFile(dir=folder, prefix=_PREFIX)  # noqa: SIM115
    except OSError:
        yield Trial(folder, None)
        return
    with file:
        yield Trial(folder, file.fileno())

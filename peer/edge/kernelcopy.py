"""Copies ranges from file to file within the kernel: as shared blocks where the system can, else byte by byte."""

from __future__ import annotations

import os

from peer.edge.reflink import share

_ALIGNED = 64 * 1024  # bytes: no file system has larger blocks


class KernelCopy:
    """What the file systems of an older version and of the new one can do, as far as it was tried."""

    def __init__(self) -> None:
        self.shares = True  # until it is known that they can't
        self._copies = hasattr(os, "copy_file_range")

    def share(self, source: int, offset: int, length: int, goal: int) -> int:
        """Let the goal share a range of the source (both are descriptors), at the same place; how much it does now.

        A last part that ends within a block of the file system can't be shared everywhere.
        """
        for end in dict.fromkeys((length, length - length % _ALIGNED)):
            if self.shares and end:
                shared = share(source, offset, end, goal)
                self.shares = shared is not None
                if shared:
                    return end
        return 0

    def copy(self, source: int, offset: int, length: int, goal: int) -> int:
        """The same with bytes of its own. The source may be shorter, or change meanwhile: what came has to be read."""
        done = 0
        while self._copies and done < length:
            try:
                copied = os.copy_file_range(source, goal, length - done, offset + done, offset + done)
            except OSError:  # between these two it can't; of a full disk the next write tells
                self._copies = False
                break
            if not copied:
                break
            done += copied
        return done

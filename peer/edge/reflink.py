"""Lets two files share blocks on the disk, where the file system can (XFS, Btrfs): written to, they part again."""

from __future__ import annotations

import errno
import fcntl
import struct
from typing import Optional

_FICLONERANGE = 0x4020940D  # of Linux; where its number is another one the system refuses it
_RANGE = struct.Struct("qQQQ")  # the source, where its range begins, its bytes, and where it goes


def share(source: int, offset: int, length: int, goal: int) -> Optional[bool]:
    """Let the goal have this range of the source (both are descriptors) at the same place; whether it has it now.

    None: files of these two places never can. If it hasn't, nothing has changed.
    """
    try:
        fcntl.ioctl(goal, _FICLONERANGE, _RANGE.pack(source, offset, length, offset))
        return True
    except OSError as error:
        return False if error.errno == errno.EINVAL else None  # a range that doesn't end where a block does

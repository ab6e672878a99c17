"""Where the bytes of a copy came from that no neighbour sent: the older versions on the host, zeros, equal blocks."""

from __future__ import annotations

from typing import Optional


class Tally:
    """Bytes so far. Each number is changed by one thread, and read by others."""

    def __init__(self) -> None:
        self.kept = 0  # they were on the disk: in an older version, or from an earlier start
        self.zero = 0  # blocks of zeros, which are made here
        self.twin = 0  # copied from equal blocks of the same payload
        self.files_kept: Optional[int] = None  # files that an older version has at their places; None: there is none

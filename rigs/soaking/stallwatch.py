"""Finds silent stalls: a peer that lacks pieces, to which no byte comes, and whose status doesn't say why."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from peer.core import status
from peer.core.status import Status

SILENT_SECONDS = 5.0  # without a byte, by the peer's own clock, after which its status must have a reason


class _Quiet(NamedTuple):
    """What a peer's life had received when that was last seen to change, and when it said so."""

    pid: int
    bytes_down: int
    since: float


class Watchdog:
    """Shown the statuses of a swarm's peers again and again; how often doesn't matter, so long as it's often.

    Times are those in the statuses: a peer that is stopped, or gets no CPU, writes none and is not blamed for that.
    """

    def __init__(self, seconds: float = SILENT_SECONDS) -> None:
        self._seconds = seconds
        self._quiet: Dict[int, _Quiet] = {}

    def see(self, told: Status) -> Optional[str]:
        """What is wrong with this status, given those before it; None if nothing is."""
        before = self._quiet.get(told.peer)
        if before is None or (before.pid, before.bytes_down) != (told.pid, told.bytes_down):
            before = self._quiet[told.peer] = _Quiet(told.pid, told.bytes_down, told.updated)
        quiet = told.updated - before.since
        if told.state != status.DOWNLOADING or told.reason or quiet <= self._seconds:
            return None
        have = f"{told.pieces} of {told.total} pieces"
        return f"peer {told.peer} has {have}, got no byte for {quiet:.1f} s, and its status gives no reason"

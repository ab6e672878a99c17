"""What held a peer up until its copy was complete: this machine's CPU or disk, or what it stood still for."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Dict

from peer.edge.diskwait import DiskWait
from peer.edge.loadmeter import LoadMeter

_MOST_REASONS = 100  # that are told apart


class Holdups:
    """The fields of a status about that. `disk`: the store's waits, once there is one."""

    def __init__(self) -> None:
        self.disk = DiskWait()
        self._load = LoadMeter()
        self._looked = time.monotonic()
        self._still: "Counter[str]" = Counter()  # milliseconds by reason

    def fields(self, reason: str) -> Dict[str, Any]:
        """Those of now; `reason`: why it has stood still since the last call, "" if it went forward."""
        now = time.monotonic()
        if reason and (reason in self._still or len(self._still) < _MOST_REASONS):
            self._still[reason] += round(1000 * (now - self._looked))
        self._looked = now
        longest = max(self._still, key=lambda one: self._still[one], default="")
        return {
            "cpu_seconds": round(self._load.cpu(), 3),
            "queue_seconds": round(self._load.queued(), 3),
            "disk_seconds": round(self.disk.seconds, 3),
            "still_seconds": self._still[longest] / 1000,
            "still_reason": longest,
        }

"""Simulated time: what shall happen when; what is due at the same moment happens in the order it was asked for."""

from __future__ import annotations

import heapq
from typing import Any, Callable, List, Tuple


class Clock:
    """Seconds that pass only when something is due."""

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: List[Tuple[float, int, Callable[..., None], Tuple[Any, ...]]] = []
        self._serial = 0

    def at(self, delay: float, what: Callable[..., None], *args: Any) -> None:
        """Do something `delay` seconds from now."""
        self._serial += 1
        heapq.heappush(self._queue, (self.now + delay, self._serial, what, args))

    def run(self, limit: float) -> bool:
        """Let time pass until nothing is left to happen, or the limit is reached; whether nothing is left."""
        queue = self._queue
        while queue and queue[0][0] <= limit:
            self.now, _serial, what, args = heapq.heappop(queue)
            what(*args)
        return not queue

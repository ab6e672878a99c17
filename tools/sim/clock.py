"""Simulated time: what shall happen when; what is due at the same moment happens in the order it was asked for."""

from __future__ import annotations

import heapq
from typing import Any, Callable, Dict, List, Tuple

Action = Tuple[Callable[..., None], Tuple[Any, ...]]


class Clock:
    """Seconds that pass only when something is due."""

    def __init__(self) -> None:
        self.now = 0.0
        # In a large swarm much is due at one moment (all that is said of a piece): the heap holds each moment once.
        self._moments: List[float] = []
        self._due: Dict[float, List[Action]] = {}

    def at(self, delay: float, what: Callable[..., None], *args: Any) -> None:
        """Do something `delay` seconds from now."""
        self.at_moment(self.now + delay, what, *args)

    def at_moment(self, moment: float, what: Callable[..., None], *args: Any) -> None:
        """Do something at a moment that isn't over: the very same number as another's is the very same moment."""
        deeds = self._due.get(moment)
        if deeds is None:
            self._due[moment] = [(what, args)]
            heapq.heappush(self._moments, moment)
        else:
            deeds.append((what, args))

    def run(self, limit: float) -> bool:
        """Let time pass until nothing is left to happen, or the limit is reached; whether nothing is left."""
        moments = self._moments
        while moments and moments[0] <= limit:
            self.now = moment = heapq.heappop(moments)
            for what, args in self._due[moment]:  # grows where an action asks for another, immediately
                what(*args)
            del self._due[moment]
        return not moments

"""When a peer must look at what time brings, such as late pieces and silent neighbours: seldom while it waits."""

from __future__ import annotations

from typing import Mapping

from peer.core.dialling import FLEET_BACK
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces

TICK = 0.5  # seconds between looks at silent neighbours and at patience
FETCHING_TICK = 0.1  # the same for a fleet peer that can get pieces: late ones should soon be requested elsewhere


class Ticks:
    """The moments. While a large swarm starts, most of its peers wait, and each tick of each would delay the others."""

    def __init__(self, fleet: bool, pieces: Pieces, neighbours: Mapping[int, Neighbour]) -> None:
        self._fleet = fleet
        self._pieces = pieces
        self._neighbours = neighbours
        self._last = 0.0
        self._offered = False  # whether a neighbour had something for us then

    def start(self, now: float) -> None:
        """The peer begins."""
        self._last = now + (FLEET_BACK - TICK if self._fleet else 0.0)

    @property
    def due(self) -> float:
        """When the next one must come, at the latest; it comes nearer once a piece was asked for."""
        hurry = self._fleet and (self._pieces.asked or self._offered)
        return self._last + (FETCHING_TICK if hurry else TICK)

    def take(self, now: float) -> bool:
        """Whether it has come; then the time to the next one begins."""
        if now < self.due:
            return False
        self._last = now
        self._offered = any(one.pieces & self._pieces.missing for one in connected(self._neighbours))
        return True

"""The scenarios, as data."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional

from peer.core.sizes import format_size
from tools.sim.limit import BYTES_PER_MBIT, equal_limit_seconds

KIB, MIB, GIB = 1024, 1024**2, 1024**3


class Scenario(NamedTuple):
    """One seed and `receivers` hosts with links of `rate` Mbit/s each way (0: unshaped); `size` in bytes.

    `disk`: the copies lie on a disk, not in memory. `zones`: so many share the hosts (0: there are none), the seed in
    the first; the way out of each and the way into it are `between` Mbit/s.
    """

    name: str
    receivers: int
    rate: float
    size: int
    disk: bool = False
    zones: int = 0
    between: float = 0.0

    @property
    def label(self) -> str:
        """What tables call it: its name, and how it differs from the scenario of that name."""
        usual = SCENARIOS.get(self.name, self).size
        size = f", {format_size(self.size)}" if self.size != usual else ""
        return f"{self.name}{', disk' if self.disk else ''}{size}"

    @property
    def hosts(self) -> int:
        """The seed too."""
        return self.receivers + 1

    @property
    def limit(self) -> Optional[float]:
        """T* in seconds; None where no link but the CPU sets the pace."""
        if not self.rate:
            return None
        inside = equal_limit_seconds(self.size, self.rate * BYTES_PER_MBIT, self.receivers)
        return max(inside, self.size / (self.between * BYTES_PER_MBIT)) if self.zones else inside

    @property
    def delivered(self) -> int:
        """Bytes that arrive at all receivers together."""
        return self.receivers * self.size

    @property
    def deadline(self) -> float:
        """Seconds after which a run is given up: ten times what the slowest tool should need."""
        slowest = self.between or self.rate
        naive = self.delivered / (slowest * BYTES_PER_MBIT) if slowest else self.delivered / (100 * MIB)
        return max(60.0, 5 * naive)


SCENARIOS: Dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("A", 7, 100.0, 64 * MIB),
        Scenario("B", 15, 200.0, 64 * MIB),
        Scenario("C", 4, 0.0, GIB),
        Scenario("D", 1, 0.0, 2 * GIB),
        Scenario("zones", 7, 200.0, 64 * MIB, zones=2, between=50.0),
    )
}

"""What each of the tools must be able to do, and what it tells of a run."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Protocol

from rigs.benchmark.site import Site
from rigs.procgroup import Crew


class Outcome(NamedTuple):
    """When the receivers were started, and when each had its verified copy (seconds since the epoch, by host)."""

    begun: float
    done: Dict[str, float]
    details: Dict[str, Any] = {}


class Tool(Protocol):
    """One way to bring the payload from the seed to all receivers."""

    name: str

    def missing(self) -> str:
        """Why it can't be run on this machine; "" if it can."""

    def prepare(self, site: Site) -> None:
        """What isn't measured: configurations, torrents, manifests."""

    def run(self, site: Site, crew: Crew) -> Outcome:
        """One run in the fresh folders of `site`. Raises BenchError if a receiver doesn't get the payload."""

    def copy(self, site: Site, host: Any) -> Any:
        """Where the receiver's copy lies at the end, as this machine reaches it."""

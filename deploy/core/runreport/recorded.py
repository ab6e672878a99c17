"""What was kept of a run, and one time for all of its hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from deploy.core.inventory import shown
from peer.core import trace
from peer.core.trace import Note, Trace

_FAR = 600.0  # seconds from the others' start, from which on a host's clock is wrong and isn't believed
_ENDS = 0.001  # seconds: nothing is shorter


Timed = tuple[float, Note]  # seconds after the run's begin


class Place(NamedTuple):
    """Where a peer is. `zone`, `group`: what its host is folded into where there are many; "" for none."""

    peer: int
    host: str
    seed: bool
    group: str = ""
    zone: str = ""  # site/rack: the outer one first

    @property
    def label(self) -> str:
        """The host's name, as text."""
        return shown(self.host)


class Recorded:
    """`summary`: the fields of summary.json; `places` in PeerInfo order; `traces` by peer, of those that have one."""

    def __init__(
        self, summary: Mapping[str, Any], places: Iterable[Place], traces: Mapping[int, Trace], live: bool = False
    ) -> None:
        self.summary = summary
        self.places = tuple(places)
        self.traces = {place.peer: traces[place.peer] for place in self.places if place.peer in traces}
        self.live = live

    @cached_property
    def starts(self) -> Mapping[int, float]:
        """When each peer's trace began: seconds after the first one did, by the hosts' clocks."""
        began = {peer: one.head.began for peer, one in self.traces.items()}
        if not began:
            return {}
        usual = sorted(began.values())[len(began) // 2]
        believed = {peer: at if abs(at - usual) < _FAR else usual for peer, at in began.items()}
        first = min(believed.values())
        return {peer: at - first for peer, at in believed.items()}

    def seconds(self, peer: int, note: Note) -> float:
        """When that was, after the run's begin."""
        return self.starts[peer] + note.ms / 1000

    @cached_property
    def end(self) -> float:
        """When the last note was, after the run's begin; above 0."""
        return max(map(self.last, self.traces), default=0.0) or _ENDS

    def last(self, peer: int) -> float:
        """When a peer's last note was, after the run's begin; 0 without one."""
        found = self.traces.get(peer)
        return self.seconds(peer, found.notes[-1]) if found and found.notes else 0.0

    def notes(self, peer: int, *kinds: str) -> list[Timed]:
        """A peer's notes of these kinds, each with its time; for pieces see `pieces`."""
        return [one for one in self._parted.get(peer, ([], []))[1] if one[1].kind in kinds]

    def pieces(self, peer: int) -> list[Timed]:
        """A peer's notes of pieces that it got, each with its time."""
        return self._parted.get(peer, ([], []))[0]

    @cached_property
    def _parted(self) -> Mapping[int, tuple[list[Timed], list[Timed]]]:
        """Each peer's notes with their times: of pieces, which most are, and of all else."""
        found: dict[int, tuple[list[Timed], list[Timed]]] = {}
        for peer, one in self.traces.items():
            start = self.starts[peer]
            pieces, others = found[peer] = [], []
            for note in one.notes:
                (pieces if note.kind == trace.PIECE else others).append((start + note.ms / 1000, note))
        return found

    @cached_property
    def total(self) -> int:
        """Pieces of the payload; 0 where nothing tells."""
        return max((one.head.total for one in self.traces.values()), default=0)

    @cached_property
    def size(self) -> int:
        """Bytes of the payload; 0 where nothing tells."""
        return max((one.head.size for one in self.traces.values()), default=0) or self.summary.get("bytes") or 0

    @cached_property
    def every(self) -> int:
        """Which pieces were noted."""
        return max((one.head.every for one in self.traces.values()), default=1)

    @cached_property
    def classic(self) -> bool:
        """Whether peers chose whom to serve."""
        return any(self.notes(peer, trace.PREFERRED) for peer in self.traces)

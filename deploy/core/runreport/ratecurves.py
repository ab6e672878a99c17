"""How fast each host received, over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deploy.core.runreport.recorded import Recorded
from peer.core import trace

MOST_STEPS = 160
FEW_STEPS = 60  # with more than MANY hosts
MANY = 100
SHORTEST = 0.05  # seconds of a step

Flow = tuple[float, float, float]  # from, to (seconds), bytes


def curves_of(recorded: Recorded) -> dict[str, Any]:
    """For the page: `step` in seconds, and for each host that received, [name, bytes a second at each step]."""
    hosts = list(dict.fromkeys(place.host for place in recorded.places))
    steps = FEW_STEPS if len(hosts) > MANY else MOST_STEPS
    step = max(SHORTEST, recorded.end / steps)
    count = max(1, min(steps, round(recorded.end / step)))
    step = recorded.end / count
    sums: dict[str, list[float]] = {}
    for place in recorded.places:
        flows = list(flows_of(recorded, place.peer))
        if flows and not place.seed:
            line = sums.setdefault(place.label, [0.0] * count)
            for flow in flows:
                _spread(flow, step, line)
    return {"step": step, "hosts": [[name, [round(one / step) for one in line]] for name, line in sums.items()]}


def flows_of(recorded: Recorded, peer: int) -> Iterable[Flow]:
    """The bytes that came: by its pieces, where each was noted, else by its samples."""
    pieces = recorded.pieces(peer)
    if recorded.live or recorded.every > 1 or not pieces or not recorded.total:
        return _by_samples(recorded, peer)
    return _by_pieces(recorded, peer, recorded.size / recorded.total)


def _by_pieces(recorded: Recorded, peer: int, size: float) -> Iterable[Flow]:
    """A piece came between its request, or the piece before it, and the moment when it was stored."""
    last: dict[int, float] = {}  # by neighbour
    start = recorded.starts[peer]
    for when, note in recorded.pieces(peer):
        source, _, asked = note.values
        began = max(last.get(source, 0.0), start + asked / 1000 if asked >= 0 else when - SHORTEST)
        yield min(began, when), when, size
        last[source] = when


def _by_samples(recorded: Recorded, peer: int) -> Iterable[Flow]:
    before: dict[int, int] = {}
    last = recorded.starts.get(peer, 0.0)
    for when, note in recorded.notes(peer, trace.BYTES):
        came = 0
        for other, _, down in note.values[1]:
            came += max(0, down - before.get(other, 0))
            before[other] = down
        if came:
            yield last, when, came
        last = when


def _spread(flow: Flow, step: float, line: list[float]) -> None:
    """Add a flow's bytes to the steps in which they came."""
    begin, end, count = flow
    last = len(line) - 1
    first, final = min(last, max(0, int(begin / step))), min(last, max(0, int(end / step)))
    if first == final:
        line[first] += count
        return
    for place in range(first, final + 1):
        inside = min(end, (place + 1) * step) - max(begin, place * step)
        line[place] += count * max(0.0, inside) / (end - begin)

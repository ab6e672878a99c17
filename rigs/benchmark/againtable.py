"""The figures of second versions as text: a line a run, and a table of medians."""

from __future__ import annotations

import statistics
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from peer.core.sizes import format_size
from rigs.accounting import NOISE
from rigs.benchmark.records import AgainRun, good

OTHER = "rsync"
HEADER = (
    "second version", "tool", "payload", "new in it", "the seed sent", "x what is new", f"x {OTHER}", "median", "min",
    "max", f"time x {OTHER}",
)  # fmt: skip

Key = Tuple[str, int, str]  # kind, size, tool


def line(run: AgainRun) -> str:
    """One run, as it is told at once."""
    head = f"again {run.kind}, {format_size(run.size)}: {run.tool:<6} run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    noise = f"  OTHERS {run.others:.0%}" if run.others > NOISE else ""
    return f"{head}{run.seconds:7.2f} s  seed sent {format_size(run.sent)} for {format_size(run.fresh)} new{noise}"


def rows(runs: Iterable[AgainRun]) -> List[Sequence[str]]:
    """The table's cells, without its header."""
    groups: Dict[Key, List[AgainRun]] = {}
    for run in runs:
        groups.setdefault((run.kind, run.size, run.tool), []).append(run)
    return [_row(key, good(group), groups) for key, group in groups.items()]


def _row(key: Key, counted: Sequence[AgainRun], groups: Mapping[Key, Sequence[AgainRun]]) -> Sequence[str]:
    kind, size, tool = key
    if not counted:
        return (kind, tool, format_size(size), "failed", *[""] * (len(HEADER) - 4))
    others: List[AgainRun] = good(groups.get((kind, size, OTHER), ())) if tool != OTHER else []
    times, sent = sorted(run.seconds for run in counted), _sent(counted)
    return (
        kind,
        tool,
        format_size(size),
        format_size(counted[0].fresh),
        format_size(int(sent)),
        _ratio(sent, counted[0].fresh),
        _ratio(sent, _sent(others) if others else None),
        f"{statistics.median(times):.1f} s",
        f"{times[0]:.1f}",
        f"{times[-1]:.1f}",
        _ratio(statistics.median(times), statistics.median(run.seconds for run in others) if others else None),
    )


def _sent(runs: Sequence[AgainRun]) -> float:
    return statistics.median(run.sent for run in runs)


def _ratio(value: float, reference: Optional[float]) -> str:
    return f"{value / reference:.2f}" if reference else ""

"""The figures of the operator's own work as text: a line a run, and a table of medians."""

from __future__ import annotations

import statistics
from typing import Dict, Iterable, List, Sequence, Tuple

from deploy.core.times import PHASES
from peer.core.sizes import format_size
from rigs.accounting import NOISE
from rigs.benchmark.records import OperatorRun, good

HEADER = (
    "operator", "hosts", "median", "min", "max", *PHASES, "CPU s", "CPU ms/host", "watch: CPU ms/host/min",
    "watch: behind", "memory",
)  # fmt: skip


def a_host(run: OperatorRun) -> float:
    """CPU milliseconds for each host."""
    return 1000 * run.cpu / run.hosts


def watching(run: OperatorRun) -> float:
    """CPU milliseconds for each host and minute of the watch."""
    return 1000 * run.watching / run.hosts / (run.watched / 60) if run.watched else 0.0


def line(run: OperatorRun) -> str:
    """One run, as it is told at once."""
    head = f"operator {run.hosts} hosts run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    phases = " ".join(f"{name} {seconds:.2f}" for name, seconds in run.phases.items())
    noise = f"  OTHERS {run.others:.0%}" if run.others > NOISE else ""
    return (
        f"{head}{run.seconds:7.2f} s  {phases}  CPU {run.cpu:.2f} s = {a_host(run):.1f} ms/host"
        f" (watch {watching(run):.1f} ms/host/min, {run.behind:.1f} s behind)  peak {format_size(run.peak)}{noise}"
    )


def rows(runs: Iterable[OperatorRun]) -> List[Sequence[str]]:
    """The table's cells, without its header."""
    groups: Dict[Tuple[int, float], List[OperatorRun]] = {}
    for run in runs:
        groups.setdefault((run.hosts, run.life), []).append(run)
    return [_row(group) for group in groups.values()]


def _row(group: Sequence[OperatorRun]) -> Sequence[str]:
    counted: List[OperatorRun] = good(group)
    head = (f"peers take {group[0].life:g} s", str(group[0].hosts))
    if not counted:
        return (*head, "failed", *[""] * (len(HEADER) - 3))
    spent = sorted(run.seconds for run in counted)
    phases = [statistics.median(run.phases.get(phase, 0.0) for run in counted) for phase in PHASES]
    return (
        *head,
        f"{statistics.median(spent):.2f} s",
        f"{spent[0]:.2f}",
        f"{spent[-1]:.2f}",
        *(f"{seconds:.2f}" for seconds in phases),
        f"{statistics.median(run.cpu for run in counted):.2f}",
        f"{statistics.median(map(a_host, counted)):.1f}",
        f"{statistics.median(map(watching, counted)):.1f}",
        f"{statistics.median(run.behind for run in counted):.1f} s",
        format_size(max(run.peak for run in counted)),
    )

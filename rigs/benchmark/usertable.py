"""The figures of a user's time as text: a line a pass, and a table of medians by phases."""

from __future__ import annotations

import statistics
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from deploy.core.times import COLLECT, CONNECT, PHASES
from peer.core.sizes import format_size
from rigs.accounting import NOISE
from rigs.benchmark.records import UserRun, good

BEFORE = "weft before"  # an older checkout
OTHERS = ("rsync", "tar")  # a column is the ratio to the one of them that was measured
REST = "rest"  # of the time, beside the phases: Python's start, connecting, fetching logs
SHOWN = tuple(phase for phase in PHASES if phase not in (CONNECT, COLLECT))
HEADER = (
    "all of it", "tool", "median", "min", "max", "durable", "x before", f"x {' or '.join(OTHERS)}", *SHOWN, REST,
    "CPU s", "operator", "peer memory",
)  # fmt: skip

Place = Tuple[str, int, int, int, bool, str]  # what, receivers, size, files, disk, step


def place_of(run: UserRun) -> Place:
    """Runs of the same place can be compared."""
    return run.what, run.receivers, run.size, run.files, run.disk, run.step


def label(run: UserRun) -> str:
    """A pass in words: `2 receivers, 4 GiB, disk: first`."""
    receivers = "1 receiver" if run.receivers == 1 else f"{run.receivers} receivers"
    payload = f"{run.files} files, {format_size(run.size)}" if run.files > 1 else format_size(run.size)
    return f"{receivers}, {payload}{', disk' if run.disk else ''}: {run.step}"


def line(run: UserRun) -> str:
    """One pass, as it is told at once."""
    head = f"{run.what} {label(run)}: {run.tool:<11} run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    phases = " ".join(f"{name} {seconds:.2f}" for name, seconds in run.phases.items())
    kept = f"  durable {run.durable:.2f} s" if run.disk else ""
    peak = f"  peer {format_size(run.peak)}" if run.peak else ""
    operator = f" (operator {run.operator:.2f})" if run.operator else ""
    noise = f"  OTHERS {run.others:.0%}" if run.others > NOISE else ""
    return f"{head}{run.seconds:7.2f} s{kept}  {phases}  CPU {run.cpu:.2f} s{operator}{peak}{noise}"


def rows(runs: Iterable[UserRun]) -> List[Sequence[str]]:
    """The table's cells, without its header."""
    groups: Dict[Tuple[Place, str], List[UserRun]] = {}
    for run in runs:
        groups.setdefault((place_of(run), run.tool), []).append(run)
    medians = {
        key: statistics.median(run.seconds for run in good(group)) for key, group in groups.items() if good(group)
    }
    return [_row(group, medians) for group in groups.values()]


def _row(group: Sequence[UserRun], medians: Mapping[Tuple[Place, str], float]) -> Sequence[str]:
    place, tool = place_of(group[0]), group[0].tool
    counted: List[UserRun] = good(group)
    head = (label(group[0]), tool)
    if not counted:
        return (*head, "failed", *[""] * (len(HEADER) - 3))
    times = sorted(run.seconds for run in counted)
    failed = f" ({len(group) - len(counted)} failed)" if len(group) > len(counted) else ""
    other = next((medians[place, name] for name in OTHERS if (place, name) in medians), None)
    operator = statistics.median(run.operator for run in counted)
    return (
        *head,
        f"{statistics.median(times):.2f} s{failed}",
        f"{times[0]:.2f}",
        f"{times[-1]:.2f}",
        f"{statistics.median(run.durable for run in counted):.2f} s" if group[0].disk else "",
        _ratio(medians[place, tool], medians.get((place, BEFORE))),
        _ratio(medians[place, tool], other),
        *(_phase(counted, phase) for phase in SHOWN),
        f"{statistics.median(_rest(run) for run in counted):.2f}",
        f"{statistics.median(run.cpu for run in counted):.1f}",
        f"{operator:.2f} s" if operator else "",
        format_size(max(run.peak for run in counted)) if counted[0].peak else "",
    )


def _ratio(seconds: float, reference: Optional[float]) -> str:
    return f"{seconds / reference:.2f}" if reference else ""


def _phase(runs: Sequence[UserRun], phase: str) -> str:
    known = [run.phases[phase] for run in runs if phase in run.phases]
    return f"{statistics.median(known):.2f}" if known else ""


def _rest(run: UserRun) -> float:
    return max(0.0, run.seconds - sum(run.phases.get(phase, 0.0) for phase in SHOWN))

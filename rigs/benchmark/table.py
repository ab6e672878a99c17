"""The figures as text: a line a run while it goes on, and one table at the end."""

from __future__ import annotations

import statistics
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

from peer.core.sizes import format_size
from rigs.accounting import NOISE
from rigs.benchmark import againtable, operatortable, usertable
from rigs.benchmark.records import AgainRun, Kept, LocalRun, OperatorRun, Run, Summary, UserRun, good, summarise
from rigs.benchmark.scenarios import Scenario

REFERENCE = "libtorrent"  # whose time one column is a ratio to
HEADER = (
    "scenario", "tool", "median", "min", "max", "durable", "x T*", f"x {REFERENCE}", "seed copies", "CPU s/GiB",
    "peak memory",
)  # fmt: skip
ZONED_HEADER = (*HEADER, "crossed")
LOCAL_HEADER = (
    "swarm", "peers", "median", "min", "max", "CPU s/peer", "peak memory", "files", "neighbours", "messages/piece",
)  # fmt: skip


def title(scenario: Scenario) -> str:
    """A scenario in words."""
    links = f"{scenario.rate:g} Mbit/s" if scenario.rate else "unshaped"
    zones = f" in {scenario.zones} zones, {scenario.between:g} Mbit/s between them" if scenario.zones else ""
    receivers = "1 receiver" if scenario.receivers == 1 else f"{scenario.receivers} receivers"
    limit = f", T* {scenario.limit:.2f} s" if scenario.limit else ""
    place = ", on a disk" if scenario.disk else ""
    return f"{scenario.name}: {receivers}, {links}{zones}, {format_size(scenario.size)}{place}{limit}"


def run_line(run: Run) -> str:
    """One run, as it is told at once."""
    head = f"{run.place.label} {run.tool:<11} run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    ratio = f"  {run.ratio:.2f} T*" if run.ratio else ""
    kept = f"  durable {run.durable:.2f} s" if run.disk else ""
    crossed = f"  crossed {run.crossed:.3f}" if run.place.zones else ""
    return (
        f"{head}{run.seconds:7.2f} s{kept}{ratio}  first {run.first:.2f} s  seed {run.copies:.3f} copies{crossed}"
        f"  CPU {run.cpu_per_gib:.2f} s/GiB  peak {format_size(run.peak)}  idle {run.idle:.0%}{_noise(run)}"
    )


def _noise(run: Union[Run, LocalRun]) -> str:
    if run.others <= NOISE:
        return ""
    return f"  OTHERS {run.others:.0%}" + (", done again" if run.disturbed else "")


def tables(found: Mapping[str, Kept]) -> List[List[Sequence[str]]]:
    """All tables, each a list of rows with the header first: scenarios, those with zones, swarms on this machine, a
    user's time, the operator's own work, second versions."""
    runs = [run for kept in found.values() for run in kept.runs]
    lab = summarise(run for run in runs if isinstance(run, Run))
    swarms = local_rows([run for run in runs if isinstance(run, LocalRun)])
    whole = usertable.rows(run for run in runs if isinstance(run, UserRun))
    own = operatortable.rows(run for run in runs if isinstance(run, OperatorRun))
    pairs = [
        (HEADER, rows([summary for summary in lab if not summary.scenario.zones])),
        (ZONED_HEADER, rows([summary for summary in lab if summary.scenario.zones])),
        (LOCAL_HEADER, swarms),
        (usertable.HEADER, whole),
        (operatortable.HEADER, own),
        (againtable.HEADER, againtable.rows(run for run in runs if isinstance(run, AgainRun))),
    ]
    return [[header, *body] for header, body in pairs if body]


def rows(summaries: Sequence[Summary]) -> List[Sequence[str]]:
    """The table's cells, without its header."""
    reference = {summary.scenario: summary.median for summary in summaries if summary.tool == REFERENCE}
    return [_row(summary, reference.get(summary.scenario)) for summary in summaries]


def _row(summary: Summary, reference: Optional[float]) -> Sequence[str]:
    name = summary.scenario.label
    header = HEADER if summary.crossed is None else ZONED_HEADER
    if not summary.times:
        return (name, summary.tool, "failed", *[""] * (len(header) - 3))
    failed = f" ({summary.failed} failed)" if summary.failed else ""
    return (
        name,
        summary.tool,
        f"{summary.median:.2f} s{failed}",
        f"{summary.times[0]:.2f}",
        f"{summary.times[-1]:.2f}",
        "" if summary.durable is None else f"{summary.durable:.2f} s",
        f"{summary.ratio:.2f}" if summary.ratio else "",
        f"{summary.median / reference:.2f}" if reference else "",
        f"{summary.copies:.2f}",
        f"{summary.cpu_per_gib:.2f}",
        format_size(summary.peak),
        *([] if summary.crossed is None else [f"{summary.crossed:.2f}"]),
    )


def text(table: Sequence[Sequence[str]]) -> str:
    """Cells (the header first) as aligned lines: words to the left, figures to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(_cell(cell, widths[at], at) for at, cell in enumerate(row)).rstrip() for row in table]
    return "\n".join(lines)


def _cell(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def local_line(run: LocalRun) -> str:
    """One run of a swarm on this machine, as it is told at once."""
    head = f"{run.what} {run.peers:3} peers run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    return (
        f"{head}{run.seconds:7.2f} s  CPU {run.cpu_a_peer:.2f} s/peer  peak {format_size(run.peak)}"
        f"  {run.files} files  {run.messages:.1f} messages/piece{_noise(run)}"
    )


def local_rows(runs: Sequence[LocalRun]) -> List[Sequence[str]]:
    """The table's cells, without its header: a line for each kind and size of swarm."""
    groups: Dict[Tuple[str, int], List[LocalRun]] = {}
    for run in runs:
        groups.setdefault((run.what, run.peers), []).append(run)
    return [_local_row(group) for group in groups.values()]


def _local_row(group: Sequence[LocalRun]) -> Sequence[str]:
    counted = good(group)
    head = (group[0].what, str(group[0].peers))
    if not counted:
        return (*head, "failed", *[""] * (len(LOCAL_HEADER) - 3))
    times = sorted(run.seconds for run in counted)
    failures = sum(bool(run.problem) for run in group)
    failed = f" ({failures} failed)" if failures else ""
    return (
        *head,
        f"{statistics.median(times):.2f} s{failed}",
        f"{times[0]:.2f}",
        f"{times[-1]:.2f}",
        f"{statistics.median(run.cpu_a_peer for run in counted):.2f}",
        format_size(max(run.peak for run in counted)),
        str(max(run.files for run in counted)),
        f"{counted[0].neighbours:.1f}",
        f"{statistics.median(run.messages for run in counted):.1f}",
    )

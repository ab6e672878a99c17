"""The figures as text: a line a run while it goes on, and one table at the end."""

from __future__ import annotations

from typing import List, Sequence

from peer.core.sizes import format_size
from tools.benchkit.records import Run, Summary
from tools.benchkit.scenarios import Scenario

HEADER = ("scenario", "tool", "median", "min", "max", "x T*", "seed copies", "CPU s/GiB", "peak memory")
NOISE = 0.05  # share of the CPU that others may take before a run is called disturbed


def title(scenario: Scenario) -> str:
    """A scenario in words."""
    links = f"{scenario.rate:g} Mbit/s" if scenario.rate else "unshaped"
    receivers = "1 receiver" if scenario.receivers == 1 else f"{scenario.receivers} receivers"
    limit = f", T* {scenario.limit:.2f} s" if scenario.limit else ""
    return f"{scenario.name}: {receivers}, {links}, {format_size(scenario.size)}{limit}"


def run_line(run: Run) -> str:
    """One run, as it is told at once."""
    head = f"{run.scenario} {run.tool:<11} run {run.number}: "
    if run.problem:
        return f"{head}FAILED: {run.problem}"
    others = f"  OTHERS {run.others:.0%}" if run.others >= NOISE else ""
    ratio = f"  {run.ratio:.2f} T*" if run.ratio else ""
    return (
        f"{head}{run.seconds:7.2f} s{ratio}  first {run.first:.2f} s  seed {run.copies:.3f} copies"
        f"  CPU {run.cpu_per_gib:.2f} s/GiB  peak {format_size(run.peak)}  idle {run.idle:.0%}{others}"
    )


def rows(summaries: Sequence[Summary]) -> List[Sequence[str]]:
    """The table's cells, without its header."""
    return [_row(summary) for summary in summaries]


def _row(summary: Summary) -> Sequence[str]:
    name = summary.scenario.name
    if not summary.times:
        return (name, summary.tool, "failed", *[""] * 6)
    failed = f" ({summary.failed} failed)" if summary.failed else ""
    return (
        name,
        summary.tool,
        f"{summary.median:.2f} s{failed}",
        f"{summary.times[0]:.2f}",
        f"{summary.times[-1]:.2f}",
        f"{summary.ratio:.2f}" if summary.ratio else "",
        f"{summary.copies:.2f}",
        f"{summary.cpu_per_gib:.2f}",
        format_size(summary.peak),
    )


def text(table: Sequence[Sequence[str]]) -> str:
    """Cells (the header first) as aligned lines: words to the left, figures to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(_cell(cell, widths[at], at) for at, cell in enumerate(row)).rstrip() for row in table]
    return "\n".join(lines)


def _cell(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)

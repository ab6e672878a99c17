"""Writes the figures into docs/benchmarks.md, between two marks; the words around them are a person's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from peer.core.sizes import format_size
from rigs.benchmark import plot, records, table
from rigs.benchmark.records import Kept, Run
from rigs.errors import RigError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN = "<!-- figures: written by `python rigs/bench.py report --docs`, don't edit -->"
END = "<!-- end of figures -->"


def write(found: Mapping[str, Kept]) -> List[Path]:
    """Replace what stands between the marks; the files written. Raises RigError if the marks aren't there."""
    text = PAGE.read_text(encoding="utf-8")
    pictures = plot.write(PAGE.parent, found)
    PAGE.write_text(between_marks(text, figures(found, bool(pictures)), str(PAGE)), encoding="utf-8")
    return [PAGE, *pictures]


def between_marks(text: str, new: str, source: str = PAGE.name) -> str:
    """`text` with `new` between its marks. Raises RigError."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise RigError(f"{source}: the two marks around the figures are gone: put '{BEGIN}' and '{END}' back")
    return f"{head}{BEGIN}\n{new}{END}{tail}"


def figures(found: Mapping[str, Kept], pictured: bool) -> str:
    """The generated part, in Markdown."""
    parts = [_when(kept) for kept in found.values()]
    if pictured:
        parts.append(f"![Time of each tool in each scenario]({plot.NAME}.svg)")
    parts += [_markdown(rows) for rows in table.tables(found)]
    return "\n" + "\n\n".join(parts) + "\n\n"


def _when(kept: Kept) -> str:
    """One line about a measurement: when, where, how noisy, and Weft's settings."""
    facts: Dict[str, Any] = kept.facts
    day = time.strftime("%Y-%m-%d", time.gmtime(facts["begun"]))
    machine = f"{facts['cores']} cores, Linux {facts['kernel']}, Python {facts['python']}"
    counted = [run for run in kept.runs if not run.disturbed]
    noise = max((run.others for run in counted), default=0.0)
    again = len(kept.runs) - len(counted)
    return (
        f"- {facts['what']}: {day}, {machine}, copies {records.whereabouts(facts)}; "
        f"other programs took up to {noise:.0%} of the CPU in a run"
        + (f", {again} disturbed runs were done again" if again else "")
        + _pieces(kept)
    )


def _pieces(kept: Kept) -> str:
    runs = [run for run in kept.runs if isinstance(run, Run)]
    sizes = {run.details["piece_size"] for run in runs if "piece_size" in run.details}
    return f"; Weft's pieces {format_size(sizes.pop())}" if len(sizes) == 1 else ""


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "| --- | --- |" + " ---: |" * (len(rows[0]) - 2)
    return "\n".join([lines[0], rule, *lines[1:]])

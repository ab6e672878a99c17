"""The picture of the scenarios: a bar for each tool's median, a dot for each run, and a line for T*."""

from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path
from typing import Any, List, Mapping, Sequence

from rigs.benchmark import table
from rigs.benchmark.records import Kept, Run, Summary, good, summarise

NAME = "benchmarks"
OURS, THEIRS, LIMIT, INK, FAINT = "#0b7a75", "#b9c0c7", "#c1440e", "#22272e", "#8b949e"


def write(folder: Path, found: Mapping[str, Kept], name: str = NAME) -> List[Path]:
    """The picture as PNG and SVG, of all scenarios in `found`; the files written."""
    runs = [run for kept in found.values() for run in good(kept.runs) if isinstance(run, Run)]
    if not runs:
        return []
    if not importlib.util.find_spec("matplotlib"):
        print("without a plot: matplotlib is not installed: pip install '.[bench]'")
        return []
    figure = _figure(runs)
    paths = [folder / f"{name}.{kind}" for kind in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)
    return paths


def _figure(runs: Sequence[Run]) -> Any:
    import matplotlib  # type: ignore[import-not-found,import-untyped,unused-ignore]

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": NAME, "font.size": 10, "text.color": INK})
    from matplotlib import pyplot

    places = list(dict.fromkeys(run.place for run in runs))
    columns = min(2, len(places))
    lines = -(-len(places) // columns)
    figure, grid = pyplot.subplots(lines, columns, figsize=(6.2 * columns, 3.1 * lines), squeeze=False)
    axes = list(grid.flat)
    for place, panel in zip(places, axes):
        _panel(panel, [run for run in runs if run.place == place])
    for panel in axes[len(places) :]:
        panel.remove()
    figure.tight_layout(h_pad=2.0, w_pad=3.0)
    return figure


def _panel(panel: Any, runs: Sequence[Run]) -> None:
    """One scenario: the fastest tool on top."""
    summaries = sorted(summarise(runs), key=lambda summary: -summary.median)
    scenario = summaries[0].scenario
    for place, summary in enumerate(summaries):
        _bar(panel, place, summary)
    right = max(summary.times[-1] for summary in summaries) * 1.32
    panel.set_xlim(0, right)
    panel.set_ylim(-0.6, len(summaries) - (0.2 if scenario.limit else 0.4))
    if scenario.limit:
        panel.axvline(scenario.limit, color=LIMIT, linewidth=1.3, linestyle=(0, (4, 2)), zorder=3)
        panel.text(
            scenario.limit + right * 0.008, len(summaries) - 0.42, f"T* {scenario.limit:.2f} s",
            color=LIMIT, fontsize=8.5, va="center",
        )  # fmt: skip
    panel.set_yticks(range(len(summaries)), [summary.tool for summary in summaries])
    for label, summary in zip(panel.get_yticklabels(), summaries):
        label.set_fontweight("bold" if _is_ours(summary) else "normal")
    panel.set_title(_title(summaries), loc="left", fontsize=10.5, fontweight="bold", pad=8)
    panel.set_xlabel("seconds until the last receiver has its verified copy", fontsize=8.5, color=FAINT)
    panel.tick_params(axis="x", colors=FAINT, labelsize=8.5, length=3)
    panel.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(FAINT)


def _title(summaries: Sequence[Summary]) -> str:
    return table.title(summaries[0].scenario).partition(", T*")[0]


def _bar(panel: Any, place: int, summary: Summary) -> None:
    color = OURS if _is_ours(summary) else THEIRS
    panel.barh(place, summary.median, height=0.62, color=color, zorder=2)
    spread = [place + 0.14 * (number - statistics.mean(range(len(summary.times)))) for number in
              range(len(summary.times))]  # fmt: skip
    panel.scatter(summary.times, spread, s=11, color=INK, linewidths=0, zorder=4)
    ratio = f" = {summary.ratio:.2f} T*" if summary.ratio else f", {summary.cpu_per_gib:.1f} CPU s/GiB"
    panel.annotate(
        f"{summary.median:.2f} s{ratio}", (max(summary.median, summary.times[-1]), place), xytext=(6, 0),
        textcoords="offset points", va="center", fontsize=9, fontweight="bold" if _is_ours(summary) else "normal",
    )  # fmt: skip


def _is_ours(summary: Summary) -> bool:
    return summary.tool.startswith("weft")

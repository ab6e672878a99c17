"""What a run left in its folder, `runs/<run>/`: the summary, and the traces below the hosts' names."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.core.runreport.pagedata import page_data
from deploy.core.runreport.recorded import Place, Recorded
from deploy.core.summary import SUMMARY_JSON_NAME
from deploy.core.webpage import page
from deploy.edge.web.pageparts import page_parts
from peer.core import folder
from peer.core.errors import ConfigError
from peer.core.trace import Trace, parse_trace

REPORT_NAME = "report.html"
MOST_BYTES = 8 * 1024 * 1024  # of a trace: twice what a peer writes


def write_report(path: Path, others: Mapping[int, Trace] | None = None) -> Path:
    """Write the report of the run in this folder; where it lies. `others`: for peers that left no trace there.

    Raises ConfigError where the summary is missing or damaged.
    """
    with _without_collections():
        text = page(report_data(path, others or {}), page_parts())
    report = path / REPORT_NAME
    descriptor, fresh = tempfile.mkstemp(dir=path, prefix=".report-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(fresh, 0o644)
        os.replace(fresh, report)
    except BaseException:
        os.unlink(fresh)
        raise
    return report


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """While so many small objects come, of which none goes, Python would look for garbage in vain, for a third more."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def report_data(path: Path, others: Mapping[int, Trace]) -> dict[str, Any]:
    """What the report shows. Raises ConfigError, as `write_report` does."""
    recorded = read_run(path, others)
    try:
        return page_data(recorded)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path) from None


def read_run(path: Path, others: Mapping[int, Trace]) -> Recorded:
    """The summary and all traces. Raises ConfigError."""
    summary = _summary(path)
    try:
        places = list(_places(summary))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path) from None
    traces = {place.peer: one for place in places for one in [_trace(path, place)] if one}
    return Recorded(summary, places, {**others, **traces})


def _summary(path: Path) -> dict[str, Any]:
    name = path / SUMMARY_JSON_NAME
    if not name.is_file():
        raise ConfigError(str(path), f"no {SUMMARY_JSON_NAME} is there", "`fab verify` or `fab collect-logs` writes it")
    try:
        found = json.loads(name.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise _damaged(path) from None
    if not isinstance(found, dict):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> ConfigError:
    return ConfigError(str(path / SUMMARY_JSON_NAME), "it isn't a summary", "`fab verify` writes it again")


def _places(summary: Mapping[str, Any]) -> Iterator[Place]:
    seeds, groups, zones = set(summary.get("seeds", ())), summary.get("groups", {}), summary.get("zones", {})
    for row in summary["peers"]:
        peer, host = int(row["peer"]), str(row["host"])
        yield Place(peer, host, peer in seeds, str(groups.get(host, "")), str(zones.get(host, "")))


def _trace(path: Path, place: Place) -> Trace | None:
    """A peer's trace; None where there is none that can be read."""
    name = path / place.host / folder.trace(place.peer)
    try:
        with name.open("rb") as file:
            found = parse_trace(file.read(MOST_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return None
    return found if found.head.peer == place.peer else None

"""The task `report`: draws what a run left in `runs/<run>/`, and the same after `up` and `verify`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.core.summary import SUMMARY_JSON_NAME
from deploy.edge.screen.screen import Screen
from deploy.edge.tasks.chain import RUNS, Chain, check_run_name
from peer.core.errors import ConfigError


def report_run(chain: Chain, about: Mapping[int, Any]) -> None:
    """After `verify`; `about`: what the hosts say of their peers, which stands in for traces that weren't fetched."""
    from deploy.core.runreport.laststatus import traces_of
    from deploy.edge.web.runfolder import write_report

    chain.last_traces = traces_of(about)
    _tell(chain.screen, chain.task, write_report(chain.folder, chain.last_traces))


def write_again(screen: Screen, run: str) -> None:
    """The report of a run, "" for the latest, from its folder alone. Raises ConfigError."""
    from deploy.edge.web.runfolder import write_report

    if run:
        check_run_name(run)
    _tell(screen, "report", write_report(Path(RUNS) / run if run else _latest()))


def _latest() -> Path:
    found = list(Path(RUNS).glob(f"*/{SUMMARY_JSON_NAME}"))
    if not found:
        raise ConfigError(str(Path(RUNS).absolute()), "no run has left records there", "`fab up` makes one")
    return max(found, key=lambda path: path.stat().st_mtime_ns).parent


def _tell(screen: Screen, task: str, path: Path) -> None:
    screen.record({"event": "report", "task": task, "path": str(path)})
    screen.say(f"report: {path}", None)

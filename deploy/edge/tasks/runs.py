"""The task `runs`: the runs that left their records in this folder, the latest last."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.core.pastruns import HEADINGS, PastRun, past_run
from deploy.core.summary import SUMMARY_JSON_NAME
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.transcript import MARK
from deploy.edge.tasks.chain import RUNS


def show_runs(screen: Screen) -> None:
    """Show what is remembered in `runs/`, the latest run last."""
    found = sorted(_runs(Path(RUNS)), key=lambda one: (one.when, one.run))
    for one in found:
        screen.record({"event": "run", "task": "runs", **one._asdict()})
    if found:
        screen.table(HEADINGS, [one.cells for one in found], [one.exit_code == 0 for one in found])
    else:
        screen.note(f"no run has left records in {Path(RUNS).absolute()}")


def _runs(folder: Path) -> Iterator[PastRun]:
    for path in folder.iterdir() if folder.is_dir() else ():
        mark = path / MARK
        if mark.is_file():
            summary = path / SUMMARY_JSON_NAME
            told = summary if summary.is_file() else mark
            about = told.stat()
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about.st_mtime))
            text = summary.read_text("utf-8", "replace") if told is summary else ""
            yield past_run(path.name, when, _owner(about), text)


def _owner(about: os.stat_result) -> str:
    try:
        return pwd.getpwuid(about.st_uid).pw_name
    except KeyError:
        return str(about.st_uid)

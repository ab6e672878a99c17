"""The run's summary in `runs/<run>/`, made of what the hosts' statuses say."""

from __future__ import annotations

from typing import Any

from deploy.core.prediction import Limit, limit_seconds
from deploy.core.summary import SUMMARY_JSON_NAME, SUMMARY_NAME, format_summary, format_summary_json
from deploy.core.verdict import Copy, Verdict
from deploy.edge.tasks.chain import Chain


def write_summary(chain: Chain, verdict: Verdict, about: dict[int, Any]) -> Limit | None:
    size = max((fields["status"]["size"] for fields in about.values() if fields["status"]), default=0)
    limit = limit_seconds(chain.inventory, size) if size else None
    seconds = run_seconds(about)
    chain.folder.mkdir(parents=True, exist_ok=True)
    for name, form in ((SUMMARY_NAME, format_summary), (SUMMARY_JSON_NAME, format_summary_json)):
        (chain.folder / name).write_text(form(chain.inventory, verdict, chain.run, seconds, limit), "utf-8")
    return limit


def filled(copy: Copy, status: dict[str, Any]) -> Copy:
    completed = status.get("completed") or 0
    seconds = completed - status["started"] if completed else None
    return copy._replace(pieces=status.get("pieces"), total=status.get("total"), seconds=seconds)


def run_seconds(about: dict[int, Any]) -> float | None:
    """The run's time: from the first peer's start to the last whole copy, by the hosts' clocks."""
    found = [fields["status"] for fields in about.values() if fields["status"]]
    done = [status["completed"] for status in found if status["completed"]]
    return max(done) - min(status["started"] for status in found) if done else None

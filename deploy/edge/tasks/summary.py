"""The run's summary in `runs/<run>/`, made of what the hosts' statuses say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.core.prediction import limit_seconds
from deploy.core.summary import (
    SUMMARY_JSON_NAME,
    SUMMARY_NAME,
    format_summary,
    format_summary_json,
    format_time,
    run_seconds,
)
from deploy.core.verdict import Verdict
from deploy.edge.tasks.chain import Chain


def write_summary(chain: Chain, verdict: Verdict, about: Mapping[int, Any]) -> str:
    """Write it as text and as JSON; `about`: what the hosts say of their peers, by ID. The run's time, in words."""
    size = max((fields["status"]["size"] for fields in about.values() if fields["status"]), default=0)
    limit = limit_seconds(chain.inventory, size) if size else None
    seconds = run_seconds(fields["status"] for fields in about.values() if fields["status"])
    chain.folder.mkdir(parents=True, exist_ok=True)
    for name, form in ((SUMMARY_NAME, format_summary), (SUMMARY_JSON_NAME, format_summary_json)):
        (chain.folder / name).write_text(form(chain.inventory, verdict, chain.run, seconds, limit), "utf-8")
    return format_time(seconds, limit)

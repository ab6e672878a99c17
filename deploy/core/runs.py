"""A run's name, and the summary that stands in its folder `runs/<run id>/`."""

from __future__ import annotations

from datetime import datetime

from deploy.core.model import Inventory
from deploy.core.prediction import Limit
from deploy.core.verdict import Verdict

SUMMARY_NAME = "summary.txt"
SUMMARY_JSON_NAME = "summary.json"


def run_id(now: datetime, token: int) -> str:
    """`20250131-120501-3fa9c2`: safe as a folder name, sorts by time; `token` is any random number."""
    raise NotImplementedError


def format_summary(
    inventory: Inventory, verdict: Verdict, run: str, seconds: float | None = None, limit: Limit | None = None
) -> str:
    """The text of summary.txt: what was brought where, the table, the errors, the time beside the limit."""
    raise NotImplementedError


def format_summary_json(
    inventory: Inventory, verdict: Verdict, run: str, seconds: float | None = None, limit: Limit | None = None
) -> str:
    """The same for programs: one JSON object."""
    raise NotImplementedError

"""A run's name, and the summary in its folder `runs/<run id>/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from deploy.core.columns import columns
from deploy.core.inventory import Inventory
from deploy.core.prediction import Limit
from deploy.core.verdict import COLUMNS, Row, Verdict
from peer.core.manifest import Manifest, payload_digest

SUMMARY_NAME = "summary.txt"
SUMMARY_JSON_NAME = "summary.json"
DIGEST_NAME = "payload.sha256"  # what the run's manifest says of the payload, as `sha256sum` writes it
_TOKEN_BITS = 24


def run_id(now: datetime, token: int) -> str:
    """`20250131-120501-3fa9c2`: safe as a folder name, sorts by time; `token` is any random number."""
    return f"{now:%Y%m%d-%H%M%S}-{token % 2**_TOKEN_BITS:06x}"


def format_digest(manifest: Manifest) -> str:
    """The text of payload.sha256."""
    return f"{payload_digest(manifest)}  {manifest.name}\n"


def parse_digest(text: str) -> str:
    """The digest in payload.sha256; "" where it holds none."""
    return text.partition(" ")[0].strip()


def format_summary(
    inventory: Inventory, verdict: Verdict, run: str, seconds: float | None = None, limit: Limit | None = None
) -> str:
    """The text of summary.txt: what was brought where, the table, the errors, the time beside the limit."""
    lines = [
        f"run {run}: swarm {inventory.swarm.name}, {inventory.swarm.payload.name}, exit code {verdict.code}",
        *format_table(verdict.rows),
        *verdict.lines,
        *inventory.notices,
        f"{verdict.sentence}{format_time(seconds, limit)}",
    ]
    return "\n".join(lines) + "\n"


def format_time(seconds: float | None, limit: Limit | None) -> str:
    """`, in 6.1 s; the limit is 5.4 s (the seed's upload), so 1.13 times that`; as much of it as is known."""
    text = f", in {seconds:.1f} s" if seconds is not None else ""
    if limit is None:
        return text
    text += f"; the limit is {limit.seconds:.1f} s ({limit.because})"
    return text + (f", so {seconds / limit.seconds:.2f} times that" if seconds and limit.seconds else "")


def format_table(rows: Sequence[Row]) -> tuple[str, ...]:
    """The table in plain columns, headings first."""
    return columns([COLUMNS, *(row.cells for row in rows)])


def format_summary_json(
    inventory: Inventory, verdict: Verdict, run: str, seconds: float | None = None, limit: Limit | None = None
) -> str:
    """The same for programs: one JSON object."""
    fields = {
        "run": run,
        "swarm": inventory.swarm.name,
        "payload": inventory.swarm.payload.name,
        "exit_code": verdict.code,
        "sentence": verdict.sentence,
        "errors": list(verdict.lines),
        "notices": list(inventory.notices),
        "seconds": seconds,
        "limit": limit._asdict() if limit else None,
        "peers": [row._asdict() for row in verdict.rows],
    }
    return json.dumps(fields, indent=1) + "\n"


def run_seconds(statuses: Iterable[Mapping[str, Any]]) -> float | None:
    """The run's time: from the first peer's start to the last complete copy, by the hosts' clocks; None without one."""
    known = list(statuses)
    done = [status["completed"] for status in known if status["completed"]]
    return max(done) - min(status["started"] for status in known) if done else None

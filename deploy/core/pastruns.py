"""What is remembered of past runs: each run's summary.json -> a row of a table, or an object for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from deploy.core.inventory import shown
from peer.core.sizes import format_size

HEADINGS = ("run", "when", "who", "payload", "size", "sha256", "hosts", "seconds", "slowest", "result")
_HASH = 12  # digits of it that the table shows
_NONE = "-"


class PastRun(NamedTuple):
    """One run. `when`: local time as text; `who`: the owner of its records; None: not known."""

    run: str
    when: str
    who: str
    payload: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    hosts: int | None = None
    complete_hosts: int | None = None
    seconds: float | None = None  # of the user
    slowest: str | None = None  # the host that took longest
    slowest_seconds: float | None = None
    exit_code: int | None = None  # None: it came to no verdict

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        slowest = (
            f"{shown(self.slowest)} {self.slowest_seconds:.1f} s" if self.slowest and self.slowest_seconds else _NONE
        )
        return (
            shown(self.run),
            self.when,
            shown(self.who),
            shown(self.payload or _NONE),
            _NONE if self.bytes is None else format_size(self.bytes),
            (self.sha256 or _NONE)[:_HASH],
            _NONE if self.hosts is None else f"{self.complete_hosts} of {self.hosts}",
            _NONE if self.seconds is None else f"{self.seconds:.1f}",
            slowest,
            "no verdict" if self.exit_code is None else "ok" if self.exit_code == 0 else f"failed ({self.exit_code})",
        )


def past_run(run: str, when: str, who: str, summary: str) -> PastRun:
    """A run from the text of its summary.json; one without a readable summary came to no verdict."""
    bare = PastRun(run, when, who)
    try:
        fields = json.loads(summary)
        return bare._replace(**_known(fields))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return bare


def _known(fields: Mapping[str, Any]) -> dict[str, Any]:
    times = [(float(row["seconds"]), str(row["host"])) for row in fields["peers"] if row["seconds"] is not None]
    seconds, host = max(times, default=(None, None))
    size, sha256 = fields["bytes"], fields["sha256"]
    return {
        "payload": str(fields["payload"]),
        "bytes": None if size is None else int(size),
        "sha256": None if sha256 is None else str(sha256),
        "hosts": int(fields["hosts"]),
        "complete_hosts": int(fields["complete_hosts"]),
        "seconds": float(fields["user_seconds"]),
        "slowest": host,
        "slowest_seconds": seconds,
        "exit_code": int(fields["exit_code"]),
    }

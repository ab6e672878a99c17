"""All that the page of a run shows, as one object of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.core.inventory import shown
from deploy.core.runreport.choicebars import choices_of
from deploy.core.runreport.hostbars import Bar, bars_of, fields_of, waits_of
from deploy.core.runreport.pieceways import seed_copies, ways_of
from deploy.core.runreport.ratecurves import curves_of
from deploy.core.runreport.recorded import Place, Recorded
from deploy.core.runreport.transfers import matrix_of
from deploy.core.times import PHASES

MOST_ROWS = 40  # peers whose bars are drawn: with more, those that have something to tell
_SUMS = (
    "run", "swarm", "payload", "exit_code", "sentence", "sha256", "bytes", "hosts", "complete_hosts", "user_seconds",
    "seconds",
)  # fmt: skip


def page_data(recorded: Recorded) -> dict[str, Any]:
    """The object; every text in it is one line that is safe to show, whoever wrote it."""
    summary = recorded.summary
    rows = {int(row["peer"]): row for row in summary["peers"]}
    bars = {place.peer: bars_of(recorded, place.peer) for place in recorded.places}
    return {
        **{name: _safe(summary.get(name)) for name in _SUMS},
        "live": recorded.live,
        "errors": _texts(summary["errors"]),
        "slow": _texts(summary["slow"]),
        "notices": _texts(summary["notices"]),
        "failures": [_failure(one) for one in summary["failures"]],
        "limit": _limit(summary.get("limit")),
        "phases": [[name, summary["phases"][name]] for name in PHASES if name in summary["phases"]],
        "end": recorded.end,
        "size": recorded.size,
        "total": recorded.total,
        "traced": len(recorded.traces),
        "peers": [_peer(recorded, one, rows.get(one.peer, {}), bars[one.peer]) for one in recorded.places],
        "bars": {str(peer): fields_of(bars[peer]) for peer in _told(recorded, rows, bars)},
        "matrix": matrix_of(recorded),
        "rates": curves_of(recorded),
        "ways": ways_of(recorded),
        "copies": seed_copies(recorded),
        "choices": choices_of(recorded),
    }


def _safe(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value


def _texts(lines: Any) -> list[str]:
    return [shown(str(line)) for line in lines]


def _failure(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": shown(str(one["error"])), "next": shown(str(one["next"])), "hosts": _texts(one["hosts"])}


def _limit(limit: Mapping[str, Any] | None) -> list[Any] | None:
    return [float(limit["seconds"]), shown(str(limit["because"]))] if limit else None


def _peer(recorded: Recorded, place: Place, row: Mapping[str, Any], bars: list[Bar]) -> dict[str, Any]:
    seconds = row.get("seconds")
    start = recorded.starts.get(place.peer)
    reason, waited = waits_of(bars)
    return {
        "peer": place.peer,
        "host": place.label,
        "group": shown(place.zone or place.group),
        "seed": place.seed,
        **{name: _safe(row.get(name)) for name in ("pieces", "total", "bytes", "verdict", "good")},
        "seconds": seconds,
        "complete": start + seconds if seconds is not None and start is not None else None,
        "waited": round(waited, 3),
        "reason": reason,
    }


def _told(recorded: Recorded, rows: Mapping[int, Mapping[str, Any]], bars: Mapping[int, list[Bar]]) -> list[int]:
    """The peers whose bars are drawn, in PeerInfo order: with many the seeds, the failed and the slowest ones."""
    peers = [place.peer for place in recorded.places if bars[place.peer]]
    if len(peers) <= MOST_ROWS:
        return peers
    seeds = {place.peer for place in recorded.places if place.seed}

    def rank(peer: int) -> tuple[bool, bool, float]:
        row = rows.get(peer, {})
        return row.get("good") is not False, peer not in seeds, -(row.get("seconds") or 0.0)

    kept = set(sorted(peers, key=rank)[:MOST_ROWS])
    return [peer for peer in peers if peer in kept]

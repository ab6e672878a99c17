"""A run's name, and the summary in its folder `runs/<run id>/`, which is also the last object of `--json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from deploy.core.columns import columns
from deploy.core.failures import error_lines, failures
from deploy.core.inventory import Inventory
from deploy.core.outcome import Outcome
from deploy.core.relays import Carried, carried_lines
from deploy.core.report import time_lines
from deploy.core.sources import Sources, source_lines, summed
from deploy.core.times import Times
from deploy.core.verdict import COLUMNS, Row, Verdict, sources_of
from peer.core.manifest import Manifest, payload_proof

SUMMARY_NAME = "summary.txt"
SUMMARY_JSON_NAME = "summary.json"
PROOF_NAME = "payload.proof"  # what a correct copy is known by, from the run's manifest
FORMAT = 1  # of `--json` and summary.json; another number means that a field has another meaning, or is gone
_TOKEN_BITS = 24


class Results(NamedTuple):
    """The result of a chain of tasks. `code`: its exit code; `verdict`: None if it has none."""

    run: str
    code: int
    outcomes: Sequence[Outcome]
    verdict: Verdict | None = None
    times: Times | None = None
    slow: Sequence[str] = ()
    halt: str = ""  # why it couldn't continue
    carried: Carried | None = None  # what the operator's machine relayed


def run_id(now: datetime, token: int) -> str:
    """`20250131-120501-3fa9c2`: safe as a folder name, sorts by time; `token` is any random number."""
    return f"{now:%Y%m%d-%H%M%S}-{token % 2**_TOKEN_BITS:06x}"


def format_proof(manifest: Manifest) -> str:
    """The text of payload.proof."""
    return f"{payload_proof(manifest)}  {manifest.name}\n"


def parse_proof(text: str) -> str:
    """The proof in payload.proof; "" if it holds none."""
    return text.partition(" ")[0].strip()


def format_summary(inventory: Inventory, verdict: Verdict, results: Results) -> str:
    """The text of summary.txt: the payload, the table, the errors, and the time compared with the limit."""
    lines = [
        f"run {results.run}: swarm {inventory.swarm.name}, {inventory.swarm.payload.name}, exit code {verdict.code}",
        *format_table(verdict.rows),
        *verdict.lines,
        *inventory.notices,
        *(f"slow: {line}" for line in results.slow),
        *time_lines(results.times or Times()),
        *source_lines(sources_of(verdict.rows)),
        *carried_lines(results.carried),
        verdict.sentence,
    ]
    return "\n".join(lines) + "\n"


def format_table(rows: Sequence[Row]) -> tuple[str, ...]:
    """The table in plain columns, headings first."""
    return columns([COLUMNS, *(row.cells for row in rows)])


def format_summary_json(inventory: Inventory, results: Results) -> str:
    """The same for programs: one JSON object."""
    return json.dumps(summary_fields(inventory, results), indent=1) + "\n"


def summary_fields(inventory: Inventory, results: Results) -> dict[str, Any]:
    """The fields of summary.json and of the last object of `--json`; docs/json.schema.json describes them."""
    return {
        "format": FORMAT,
        "run": results.run,
        "swarm": inventory.swarm.name,
        "payload": inventory.swarm.payload.name,
        "exit_code": results.code,
        "notices": list(inventory.notices),
        "slow": list(results.slow),
        "seeds": [peer.peer_id for peer in inventory.seeds],
        "groups": groups_of(inventory),
        "zones": zones_of(inventory),
        **_verdict_fields(results.verdict),
        "relayed": results.carried._asdict() if results.carried else None,
        **_failure_fields(inventory, results),
        **_time_fields(results.times or Times()),
    }


def groups_of(inventory: Inventory) -> dict[str, str]:
    """Of each host the smallest group that holds several."""
    by_size = sorted(inventory.groups.items(), key=lambda item: -len(item[1]))
    return {host: name for name, hosts in by_size if len(hosts) > 1 for host in hosts}


def zones_of(inventory: Inventory) -> dict[str, str]:
    """Of each host that has one its zone."""
    return {host.name: host.zone for host in inventory.hosts if host.zone}


def _verdict_fields(verdict: Verdict | None) -> dict[str, Any]:
    table = verdict.rows if verdict else ()
    good = next((row for row in table if row.good), None)
    bad = {row.host for row in table if not row.good}
    return {
        "sentence": verdict.sentence if verdict else None,
        "sha256": good.sha256 or None if good else None,
        "bytes": good.bytes if good else None,
        "hosts": len({row.host for row in table}),
        "complete_hosts": len({row.host for row in table} - bad),
        "peers": [copy_fields(row) for row in table],
        "sources": sources_fields(summed(sources_of(table))),
    }


def _failure_fields(inventory: Inventory, results: Results) -> dict[str, Any]:
    verdict = results.verdict
    lines = verdict.lines if verdict else error_lines(results.outcomes)
    found = verdict.failures if verdict else failures(inventory, results.outcomes)
    causes = [{"error": one.line, "hosts": list(one.hosts), "next": one.command} for one in found]
    return {"errors": [*lines, *([results.halt] if results.halt else [])], "failures": causes}


def copy_fields(row: Row) -> dict[str, Any]:
    """One copy for programs: numbers are numbers, and unknown values are null."""
    return {**row._asdict(), "sha256": row.sha256 or None, "sources": sources_fields(row.sources)}


def sources_fields(sources: Sources | None) -> dict[str, Any] | None:
    """Where the bytes came from, for programs."""
    return sources._asdict() if sources else None


def _time_fields(times: Times) -> dict[str, Any]:
    limit = times.limit if times.moved else None
    return {
        "user_seconds": round(times.total, 3),
        "phases": {phase: round(seconds, 3) for phase, seconds in times.phases.items()},
        "seconds": times.swarm,
        "limit": limit._asdict() if limit else None,
        "fetched": times.fetched[0] if times.fetched else None,
    }


def run_seconds(statuses: Iterable[Mapping[str, Any]]) -> float | None:
    """The run's time: from the first peer's start to the last complete copy, by the hosts' clocks; None without one."""
    known = list(statuses)
    done = [status["completed"] for status in known if status["completed"]]
    return max(done) - min(status["started"] for status in known) if done else None

"""The run's summary in `runs/<run>/`, made of what the hosts' statuses say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.core.prediction import limit_seconds
from deploy.core.slowness import receivers, slow_lines
from deploy.core.summary import SUMMARY_JSON_NAME, SUMMARY_NAME, format_summary, format_summary_json, run_seconds
from deploy.core.times import all_moved, known_statuses, most_fetched, payload_size
from deploy.core.verdict import Verdict
from deploy.edge.tasks.chain import Chain


def write_summary(chain: Chain, verdict: Verdict, about: Mapping[int, Any], proved: bool) -> None:
    """Write it as text and as JSON; `about`: what the hosts say of their peers, by ID. The chain keeps the times.

    Where the copies weren't hashed (`proved`), a summary that is there already stays: that of `verify` says more.
    """
    inventory, known = chain.inventory, known_statuses(about)
    size = payload_size(known.values())
    limit = limit_seconds(inventory, size) if size else None
    chain.times = chain.measured(
        swarm=run_seconds(known.values()),
        limit=limit,
        moved=all_moved(inventory, known),
        fetched=most_fetched(inventory, known),
    )
    chain.slow = slow_lines(inventory, receivers(inventory, known))
    if proved or not (chain.folder / SUMMARY_JSON_NAME).exists():
        keep_summary(chain, verdict)


def keep_summary(chain: Chain, verdict: Verdict) -> None:
    """Write a verdict down, with what the chain knows already."""
    inventory, results = chain.inventory, chain.results(verdict.code)._replace(verdict=verdict)
    chain.folder.mkdir(parents=True, exist_ok=True)
    text = format_summary(inventory, verdict, results)
    (chain.folder / SUMMARY_NAME).write_text(chain.screen.typed(text), "utf-8")
    fields = format_summary_json(inventory, results)
    (chain.folder / SUMMARY_JSON_NAME).write_text(chain.screen.typed(fields), "utf-8")

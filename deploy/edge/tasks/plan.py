"""The task `plan` and `--dry-run`: what would be done, in order, and how fast it can be; connects to nobody."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deploy.core.inventory import Upload, json_schema
from deploy.core.plan import facts_of, format_steps, steps
from deploy.core.prediction import limit_seconds
from deploy.edge.pushed.uploads import upload_size
from deploy.edge.tasks.chain import Desk


def plan(desk: Desk, phases: Sequence[str] = ("up",)) -> None:
    """Print the steps of `phases`."""
    payload = desk.inventory.swarm.payload
    facts = facts_of(desk.inventory, upload_size(desk.base, payload) if isinstance(payload, Upload) else None)
    made = steps(desk.inventory, phases, facts)
    for step in made:
        desk.record(**step._asdict())
    desk.screen.print("\n".join(format_steps(made)))
    limit = limit_seconds(desk.inventory, facts.size) if facts.size is not None else None
    if limit is not None:
        desk.screen.say(
            f"the payload, {facts}, can't be everywhere in less than {limit.seconds:.1f} s ({limit.because})"
        )
    else:
        desk.screen.say(f"the payload is {facts}; with each host's `rate` in the inventory, this would tell the limit")
    for notice in desk.inventory.notices:
        desk.screen.note(notice)


def schema(desk: Desk) -> None:
    """Print the inventory's JSON Schema."""
    desk.screen.print(json.dumps(json_schema(), indent=2))

"""The task `plan` and `--dry-run`: what would be done, in order, and how fast it can be; connects to nobody."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.core.inventory import Upload
from deploy.core.plan import facts_of, format_steps, steps
from deploy.core.prediction import limit_seconds
from deploy.edge.pushed.uploads import upload_size
from deploy.edge.tasks.chain import Chain


def plan(chain: Chain, phases: Sequence[str] = ("up",)) -> None:
    """Print the steps of `phases`."""
    payload = chain.inventory.swarm.payload
    facts = facts_of(chain.inventory, upload_size(chain.base, payload) if isinstance(payload, Upload) else None)
    made = steps(chain.inventory, phases, facts)
    for step in made:
        chain.record(**step._asdict())
    chain.screen.print("\n".join(format_steps(made)))
    limit = limit_seconds(chain.inventory, facts.size) if facts.size is not None else None
    if limit is not None:
        chain.screen.say(
            f"the payload, {facts}, can't be everywhere in less than {limit.seconds:.1f} s ({limit.because})"
        )
    else:
        chain.screen.say(f"the payload is {facts}; with each host's `rate` in the inventory, this would tell the limit")
    for notice in chain.inventory.notices:
        chain.screen.note(notice)

"""The task `plan` and `--dry-run`: what would be done, in order, and how fast it can be; connects to nobody."""

from __future__ import annotations

from deploy.core.inventory import joined
from deploy.core.plan import Steps, format_steps
from deploy.core.prediction import limit_seconds
from deploy.core.spots import left_out
from deploy.edge.pushed.uploads import check_upload
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import describe
from deploy.edge.tasks.up import UP

_UPLOADING = ("check", "deploy")  # phases that need what is to be uploaded


def plan(chain: Chain) -> None:
    """Print the steps of `up`; with `--limit`, those of the seeds too, as `up` has them."""
    show(chain, describe(UP, joined(chain.inventory), chain.facts))


def show(chain: Chain, steps: Steps) -> None:
    """Print steps, and the shortest time that they can take. Raises UploadError where there is nothing to upload."""
    left = []
    if chain.upload is not None and any(step.phase in _UPLOADING for step in steps):
        check_upload(chain.upload)
        left = left_out(chain.upload)
    for step in steps:
        chain.record("step", **step._asdict())
    chain.screen.print("\n".join(format_steps(steps)))
    facts = chain.facts
    limit = limit_seconds(chain.inventory, facts.size) if facts.size is not None else None
    if limit is not None:
        text = f"the payload, {facts}, can't be everywhere in less than {limit.seconds:.1f} s ({limit.because})"
    else:
        text = f"the payload is {facts}; with each host's `rate` in the inventory, this would tell the limit"
    chain.screen.say(text)
    for notice in (*left, *chain.inventory.notices):
        chain.screen.note(notice)

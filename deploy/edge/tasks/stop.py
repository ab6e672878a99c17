"""The task `stop`: ends the peers, by TERM first."""

from __future__ import annotations

from typing import Any

from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Chain, peer_ids

_GRACE_SECONDS = 10.0  # between TERM and KILL
SLACK_SECONDS = 20.0


def stop(chain: Chain) -> None:
    """Stop the chosen peers that live: TERM, then KILL."""
    answers = stop_chosen(chain)
    for name, answer in answers.items():
        chain.record(host=name, state="ok", **{key: answer[key] for key in ("stopped", "killed", "left", "idle")})
        remedy = "look at that machine: a process that survives KILL waits for its disk"
        chain.fail(Outcome(name, FAILED, "it can't be stopped", remedy, peer) for peer in answer["left"])
    ended = sum(len(answer["stopped"]) + len(answer["killed"]) for answer in answers.values())
    chain.screen.say(f"stopped {ended} peers; {sum(len(a['idle']) for a in answers.values())} weren't running")


def stop_chosen(chain: Chain) -> dict[str, dict[str, Any]]:
    """Stop the chosen peers; the agents' answers."""
    return chain.ask(lambda link: stop_on(chain, link))


def stop_on(chain: Chain, link: Link) -> dict[str, Any]:
    seconds = _GRACE_SECONDS + SLACK_SECONDS
    return link.call("stop", seconds, peers=peer_ids(chain.inventory, link.name), within=_GRACE_SECONDS)

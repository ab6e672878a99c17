"""The task `clean`: stops what runs and removes everything of ours from the hosts."""

from __future__ import annotations

from typing import Any

from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.stop import stop

CLEAN_SECONDS = 300.0


def clean(chain: Chain) -> None:
    """Leave no file, process or port of ours on the chosen hosts; foreign files in our folders stay and are named."""
    stop(chain)
    answers = chain.ask(lambda link: _clean_host(chain, link), seconds=CLEAN_SECONDS)
    for name, answer in answers.items():
        chain.record(host=name, state="ok", folder=answer["home"], was_there=answer["was_there"])
        if answer["foreign"]:
            problem = f"{answer['home']} holds files that aren't ours: {', '.join(answer['foreign'][:5])}"
            chain.fail([Outcome(name, FAILED, problem, "move them away, then clean again")])
    chain.screen.say(f"cleaned {len(answers)} of {len(chain.inventory.chosen_hosts)} hosts", good=chain.code == 0)


def _clean_host(chain: Chain, link: Link) -> dict[str, Any]:
    return link.call("clean", CLEAN_SECONDS, name=chain.inventory.swarm.payload.name)

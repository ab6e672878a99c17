"""The task `clean`: stops what runs and removes everything of ours from the hosts."""

from __future__ import annotations

from typing import Any

from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import Link
from deploy.edge.tasks import start
from deploy.edge.tasks.chain import Desk

CLEAN_SECONDS = 300.0


def clean(desk: Desk) -> None:
    """Leave no file, process or port of ours on the chosen hosts; foreign files in our folders stay and are named."""
    start.stop(desk)
    answers = desk.ask(lambda link: _clean_host(desk, link), seconds=CLEAN_SECONDS)
    for name, answer in answers.items():
        desk.record(host=name, state="ok", folder=answer["home"], was_there=answer["was_there"])
        if answer["foreign"]:
            problem = f"{answer['home']} holds files that aren't ours: {', '.join(answer['foreign'][:5])}"
            desk.fail([Outcome(name, FAILED, problem, "move them away, then clean again")])
    desk.screen.say(f"cleaned {len(answers)} of {len(desk.inventory.chosen_hosts)} hosts", good=desk.code == 0)


def _clean_host(desk: Desk, link: Link) -> dict[str, Any]:
    return link.call("clean", CLEAN_SECONDS, name=desk.inventory.swarm.payload.name)

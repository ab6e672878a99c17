"""The task `clean`: stops what runs and removes everything of ours from the hosts."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.verbs import Clean
from deploy.core.configfiles import swarm_folder
from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import WORK_SECONDS
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.stop import stop_and_tell


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        place = host.releases.root if host.releases else host.destination
        kept = f"; {place} keeps its {'releases' if host.releases else 'copy'}" if place else ""
        yield Step("clean", host.name, None, f"stop, then remove {swarm_folder(inventory, host.name)}{kept}")


def _clean(chain: Chain, steps: Steps, _: Options) -> None:
    """Leave no file, process or port of ours on the chosen hosts; foreign files in our folders stay and are named."""
    hosts = hosts_of(steps)
    stop_and_tell(chain, hosts)
    with chain.doing("removing"):
        answers = chain.ask(lambda link: link.ask(Clean(), WORK_SECONDS), hosts)
    for name, answer in answers.items():
        chain.record("host", host=name, state="ok", folder=answer.home, was_there=answer.was_there)
        if answer.foreign:
            problem = f"{answer.home} holds files that aren't ours: {', '.join(answer.foreign[:5])}"
            chain.fail([Outcome(name, FAILED, problem, "move them away, then clean again")])
    chain.screen.say(f"cleaned {len(answers)} of {len(chain.inventory.chosen_hosts)} hosts", good=chain.code == 0)


CLEAN = (Phase(_describe, _clean),)

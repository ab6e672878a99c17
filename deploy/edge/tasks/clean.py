"""The task `clean`: stops what runs and removes everything of ours from the hosts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.agent.verbs import Clean, State
from deploy.core.configfiles import swarm_folder
from deploy.core.inventory import Generate, Inventory, OnSeed, fold
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import WORK_SECONDS
from deploy.edge.screen.question import agrees, is_asked
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.stop import stop_and_tell
from peer.core.counting import count_of


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        place = host.releases.root if host.releases else host.destination
        kept = f"; {place} keeps its {'releases' if host.releases else 'copy'}" if place else ""
        yield Step("clean", host.name, None, f"stop, then remove {swarm_folder(inventory, host.name)}{kept}")


def _clean(chain: Chain, steps: Steps, options: Options) -> None:
    """Leave no file, process or port of ours on the chosen hosts; foreign files in our folders stay and are named.

    Raises Halt where somebody was asked, and says no.
    """
    hosts = hosts_of(steps)
    if not options.yes and not chain.screen.as_json:
        _ask(chain, hosts)
    stop_and_tell(chain, hosts)
    with chain.doing("removing"):
        answers = chain.ask(lambda link: link.ask(Clean(), WORK_SECONDS), hosts)
    for name, answer in answers.items():
        chain.record("host", host=name, state="ok", folder=answer.home, was_there=answer.was_there)
        if answer.foreign:
            problem = f"{answer.home} holds files that aren't ours: {', '.join(answer.foreign[:5])}"
            chain.fail([Outcome(name, FAILED, problem, "move them away, then clean again")])
    of = count_of(len(chain.inventory.chosen_hosts), "host")
    chain.screen.say(f"cleaned {len(answers)} of {of}", good=chain.code == 0)


def _ask(chain: Chain, hosts: Sequence[str]) -> None:
    losing = [name for name in hosts if _would_lose(chain.inventory, name)]
    if not losing or not is_asked():
        return
    with chain.doing("looking"):
        states = chain.ask(lambda link: link.ask(State()), losing)
    names = [name for name, state in states.items() if state.deployed]
    payload = chain.inventory.swarm.payload.name
    question = f"this removes {payload} from {fold(names)}, where no `destination` keeps it; remove it?"
    if names and not agrees(question):
        raise Halt("nothing was removed")


def _would_lose(inventory: Inventory, name: str) -> bool:
    """Whether copies go that took an effort to bring there: a test file can be made again, a seed's own file stays."""
    payload = inventory.swarm.payload
    if isinstance(payload, Generate) or inventory.host(name).destination:
        return False
    return any(not (peer.seed and isinstance(payload, OnSeed)) for peer in inventory.peers_on(name))


CLEAN = (Phase(_describe, _clean),)

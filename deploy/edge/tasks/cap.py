"""The task `cap`: gives hosts another cap, which holds at once, also for peers that run."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.verbs import Cap
from deploy.core.caps import wanted
from deploy.core.inventory import Inventory, fold
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.relays import cap_line, relayed_hosts
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("cap", host.name, None, "change what its peers together may send and receive")


def _cap(chain: Chain, steps: Steps, options: Options) -> None:
    cap = wanted(options.cap)
    answers = chain.ask(lambda link: link.ask(Cap(cap.up, cap.down)), hosts_of(steps))
    for name in answers:
        chain.record("host", host=name, state="ok", up=cap.up, down=cap.down)
    if answers:
        chain.screen.say(f"cap {cap}, on {fold(list(answers))}, until the next `fab deploy` or `fab up`")
    relayed = [host for host in relayed_hosts(chain.inventory) if host in answers]
    if relayed:
        chain.screen.say(cap_line(relayed, chain.inventory.swarm.relay_cap))


CAP = (Phase(_describe, _cap),)

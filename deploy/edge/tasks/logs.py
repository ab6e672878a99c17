"""The task `logs`: follows a swarm that runs until every peer has ended, then comes to the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.relays import RELAYED
from deploy.core.times import TRANSFER
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.relaying import relaying
from deploy.edge.tasks.status import count_peers
from deploy.edge.tasks.verify import VERIFY
from deploy.edge.tasks.watch import Watch, tell_the_way_back
from peer.core.swarmfile import CLASSIC


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step(
            "logs", host.name, None, f"follow {count_peers(inventory, host.name)} until done{RELAYED * host.relay}"
        )


def _logs(chain: Chain, steps: Steps, options: Options) -> None:
    """Follow the chosen peers until all have ended."""
    chain.find_run(hosts_of(steps))
    hosts = chain.able(hosts_of(steps))
    classic = chain.inventory.swarm.profile == CLASSIC
    watch = Watch(chain, hosts, options.every or (classic and not chain.screen.lively))
    for name in hosts:
        watch.open(name)
    with chain.timing(TRANSFER), relaying(chain, hosts, watch.put), chain.screen.watching(lines_are_the_result=True):
        try:
            watch.run()
        except KeyboardInterrupt:
            tell_the_way_back(chain)
            raise
    chain.fail(watch.failures())


FOLLOW = Phase(_describe, _logs)
LOGS = (FOLLOW, *VERIFY)

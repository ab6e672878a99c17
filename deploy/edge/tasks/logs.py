"""The task `logs`: follows a swarm that runs until every peer has ended."""

from __future__ import annotations

from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.watch import Watch, tell_the_way_back


def logs(chain: Chain, every: bool = False) -> None:
    """Follow the chosen peers until all have ended. `every`: the frequent kinds of lines too."""
    chain.find_run()
    watch = Watch(chain, every or not chain.screen.lively)
    for name in chain.able:
        watch.open(name)
    with chain.screen.watching(lines_are_the_result=True):
        try:
            watch.run()
        except KeyboardInterrupt:
            tell_the_way_back(chain)
            raise
    chain.fail(watch.failures())

"""The task `stop`: ends the peers, by TERM first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy.agent.verbs import Stop, Stopped
from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.chain import Chain, peer_ids
from deploy.edge.tasks.phase import Options, Phase
from peer.core.counting import count_of

_GRACE_SECONDS = 10.0  # between TERM and KILL
SLACK_SECONDS = 20.0


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        yield Step("stop", peer.host, peer.peer_id, "end the peer, by TERM first")


def _stop(chain: Chain, steps: Steps, _: Options) -> None:
    stop_and_tell(chain, hosts_of(steps))


def stop_and_tell(chain: Chain, hosts: Iterable[str]) -> None:
    """Stop the peers of these hosts that live, all simultaneously: TERM, then KILL."""
    answers = stop_hosts(chain, hosts, others=True)
    for name, answer in answers.items():
        chain.record("host", host=name, state="ok", **answer._asdict())
        remedy = "look at that machine: a process that survives KILL waits for its disk"
        chain.fail(Outcome(name, FAILED, "it can't be stopped", remedy, peer) for peer in answer.left)
    ended = sum(len(answer.stopped) + len(answer.killed) for answer in answers.values())
    idle = sum(len(answer.idle) for answer in answers.values())
    chain.screen.say(f"stopped {count_of(ended, 'peer')}; {idle} weren't running")


def stop_hosts(chain: Chain, hosts: Iterable[str], others: bool = False) -> dict[str, Stopped]:
    """Stop the peers of these hosts; the agents' answers. `others`: also those that the inventory doesn't name."""
    return chain.ask(lambda link: stop_on(link, chain.inventory, others), hosts)


def stop_on(link: HostLink, inventory: Inventory, others: bool = False) -> Stopped:
    """Stop the peers of one host; its agent's answer. Raises HostError."""
    seconds = _GRACE_SECONDS + SLACK_SECONDS
    return link.ask(Stop(peer_ids(inventory, link.name), _GRACE_SECONDS, others), seconds)


STOP = (Phase(_describe, _stop),)

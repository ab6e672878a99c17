"""The task `status`: what every peer says of itself now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deploy.agent.verbs import Status
from deploy.core.ending import FULL
from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.statustable import HEADINGS, status_row, tolerated_lines
from deploy.edge.tasks.chain import Chain, peer_ids
from deploy.edge.tasks.phase import Options, Phase
from peer.core.errors import parse_words

_NO_ROOM = 64 * 1024  # bytes: less are free where a peer could write neither log nor status


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("status", host.name, None, f"ask {count_peers(inventory, host.name)}")


def count_peers(inventory: Inventory, host: str) -> str:
    """`peer 1001`, or `2 peers`."""
    peers = peer_ids(inventory, host)
    return f"peer {peers[0]}" if len(peers) == 1 else f"{len(peers)} peers"


def _status(chain: Chain, steps: Steps, _: Options) -> None:
    """A table of what every chosen peer says of itself."""
    answers = statuses(chain, hosts_of(steps))
    peers = chain.inventory.chosen_peers
    troubles = {host: outcome.problem for host, outcome in chain.down.items()}
    rows = [status_row(peer, answers.get(peer.peer_id), troubles.get(peer.host, "")) for peer in peers]
    for peer in [peer for peer in peers if peer.peer_id in answers]:
        about = answers[peer.peer_id]
        chain.record("status", host=peer.host, peer=peer.peer_id, alive=about["alive"], status=about["status"])
    chain.screen.table(HEADINGS, rows)
    for line in (line for peer in peers for line in tolerated_lines(peer, answers.get(peer.peer_id))):
        chain.screen.say(line, None)


def statuses(chain: Chain, hosts: Iterable[str]) -> dict[int, dict[str, Any]]:
    """What each of these hosts says of its peers, by ID; takes up the run that the hosts hold."""
    answers = chain.ask(lambda link: link.ask(Status(peer_ids(chain.inventory, link.name))), hosts)
    chain.take_run({name: answer.run for name, answer in answers.items()})
    return {about.peer: about._asdict() for answer in answers.values() for about in answer.peers}


def last_words(chain: Chain, hosts: Iterable[str]) -> dict[int, str]:
    """Why peers of these hosts ended that couldn't note it: their last line on standard error, or their full disk."""
    answers = chain.ask(lambda link: link.ask(Status(peer_ids(chain.inventory, link.name))), hosts)
    full = {name for name, answer in answers.items() if answer.free is not None and answer.free < _NO_ROOM}
    told = [about for answer in answers.values() for about in answer.peers]
    found = {about.peer: parse_words(" ".join(about.stderr[-1:])) for about in told}
    return {peer: FULL if chain.inventory.host_of(peer).name in full else words for peer, words in found.items()}


STATUS = (Phase(_describe, _status),)

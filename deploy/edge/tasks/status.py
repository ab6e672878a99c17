"""The task `status`: what every peer says of itself now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deploy.core.inventory import Inventory, Peer
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.edge.tasks.chain import Chain, peer_ids
from deploy.edge.tasks.phase import Options, Phase
from peer.core.sizes import format_rate

FULL = "its disk is full"
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
    rows = []
    for peer in chain.inventory.chosen_peers:
        about = answers.get(peer.peer_id)
        rows.append(_status_row(chain, peer, about))
        if about is not None:
            chain.record(host=peer.host, peer=peer.peer_id, alive=about["alive"], status=about["status"])
    chain.screen.table(("peer", "host", "state", "pieces", "down", "up", "reason"), rows)


def statuses(chain: Chain, hosts: Iterable[str]) -> dict[int, dict[str, Any]]:
    """What each of these hosts says of its peers, by ID; takes up the run that the hosts hold."""
    names = list(chain.find_run(hosts))
    answers = chain.ask(lambda link: link.call("status", peers=peer_ids(chain.inventory, link.name)), names)
    return {about["peer"]: about for answer in answers.values() for about in answer["peers"]}


def last_words(chain: Chain, hosts: Iterable[str]) -> dict[int, str]:
    """Why peers of these hosts ended that couldn't note it: their last line on standard error, or their full disk."""
    answers = chain.ask(lambda link: link.call("status", peers=peer_ids(chain.inventory, link.name)), hosts)
    full = {name for name, answer in answers.items() if answer["free"] is not None and answer["free"] < _NO_ROOM}
    found = {about["peer"]: " ".join(about["stderr"][-1:]) for answer in answers.values() for about in answer["peers"]}
    return {peer: FULL if chain.inventory.host_of(peer).name in full else words for peer, words in found.items()}


def _status_row(chain: Chain, peer: Peer, about: dict[str, Any] | None) -> list[str]:
    if about is None:
        trouble = chain.down.get(peer.host)
        return [str(peer.peer_id), peer.host, "unknown", "-", "-", "-", trouble.problem if trouble else ""]
    status = about["status"]
    if status is None:
        return [str(peer.peer_id), peer.host, "never started", "-", "-", "-", " ".join(about["stderr"][-1:])]
    state = status["state"] if about["alive"] or status.get("exit_code") is not None else f"killed ({status['state']})"
    rates = [format_rate(status[key]) if about["alive"] else "-" for key in ("rate_down", "rate_up")]
    pieces = f"{status['pieces']}/{status['total']}"
    return [str(peer.peer_id), peer.host, state, pieces, *rates, str(status.get("reason", ""))]


STATUS = (Phase(_describe, _status),)

"""The task `start`: the peers in PeerInfo order, each confirmed listening before the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from deploy.core.inventory import Inventory, Peer
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.verdict import FAILED, SKIPPED, Outcome
from deploy.edge.hosts.errors import HostError
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.stop import SLACK_SECONDS, stop_hosts
from peer.core.errors import parse_words

LISTEN_SECONDS = 30.0  # for a peer to say that it listens: it may first have to re-hash what a damaged map is unsure of


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for peer in inventory.chosen_peers:
        address = inventory.host(peer.host).peer_address
        role = "the seed" if peer.seed else "a peer without the payload"
        what = f"start {role}, wait until {address} port {peer.port} listens"
        yield Step("start", peer.host, peer.peer_id, what)


def _start(chain: Chain, steps: Steps, options: Options) -> None:
    start_peers(chain, steps, options.keep_going)


def start_peers(
    chain: Chain,
    steps: Steps,
    keep_going: bool = False,
    tell: Callable[[Peer], object] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Start the peers in the steps' order, each confirmed listening before the next; `tell` of each that is.

    The first that fails ends it and what was started is stopped again, unless `keep_going`. Raises Halt then.
    Once it is `cancelled` (by the thread that this one runs beside), it ends as after Ctrl-C: KeyboardInterrupt.
    """
    # All of them simultaneously, so that the order costs little.
    chain.ask(lambda link: link.call("warm", peers=peers_of(steps, link.name)), hosts_of(steps))
    peers = [peer for peer in map(chain.inventory.peer, peers_of(steps)) if peer.host not in chain.down]
    begun: list[Peer] = []
    started = 0
    try:
        for peer in peers:
            if cancelled():
                raise KeyboardInterrupt
            begun.append(peer)
            if _start_one(chain, peer):
                started += 1
                if tell is not None:
                    tell(peer)
            elif not keep_going:
                _give_up(chain, peers, begun)
    except KeyboardInterrupt:
        _stop_again(chain, begun)
        raise
    chain.screen.note(f"started {started} of {len(chain.inventory.chosen_peers)} peers")
    if not started:
        raise chain.halt("no peer could be started")


def _start_one(chain: Chain, peer: Peer) -> bool:
    link = chain.fleet.link(peer.host)
    try:
        answer = link.call("start", LISTEN_SECONDS + SLACK_SECONDS, peer=peer.peer_id, within=LISTEN_SECONDS)
    except HostError as error:
        chain.fail([error.outcome(peer.host)._replace(peer=peer.peer_id)])
        return False
    if answer["listening"] or answer.get("code") == 0:
        how = "runs already" if answer.get("already") else f"listens on port {peer.port}"
        chain.screen.note(f"peer {peer.peer_id} on {peer.host} {how}")
        chain.record(host=peer.host, peer=peer.peer_id, state="ok", already=bool(answer.get("already")))
        return True
    chain.fail([_failure(peer, answer)])
    return False


def _failure(peer: Peer, answer: dict[str, Any]) -> Outcome:
    if answer["code"] is None:
        problem = f"it didn't listen within {LISTEN_SECONDS:.0f} s"
    else:
        problem = f"it ended at once with exit code {answer['code']}"
    reason = parse_words(answer["reason"])
    return Outcome(peer.host, FAILED, f"{problem}: {reason}" if reason else problem, "", peer.peer_id)


def _give_up(chain: Chain, peers: list[Peer], begun: list[Peer]) -> None:
    _stop_again(chain, begun)
    told = {outcome.peer for outcome in chain.outcomes}
    because = f"peer {begun[-1].peer_id} couldn't be started"
    rest = [peer for peer in peers if peer.peer_id not in told and peer.host not in chain.down]
    chain.fail(Outcome(peer.host, SKIPPED, because, "", peer.peer_id) for peer in rest)
    raise chain.halt(f"{because}, so the others aren't; `--keep-going` starts them all the same")


def _stop_again(chain: Chain, begun: list[Peer]) -> None:
    hosts = {peer.host for peer in begun} - chain.down.keys()
    if hosts:
        chain.screen.note("stopping what was started")
        stop_hosts(chain, hosts)


START = (Phase(_describe, _start),)

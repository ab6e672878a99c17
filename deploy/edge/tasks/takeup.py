"""What `up` does where its swarm runs already: takes up that run, if inventory and payload are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from deploy.agent.verbs import Fetch, State, Status, SwarmFolder
from deploy.core.configfiles import config_texts
from deploy.core.inventory import FromUrl, Generate, Upload, fold
from deploy.core.plan import Steps, hosts_of
from deploy.core.times import CONNECT, HASH
from deploy.edge.tasks import payload
from deploy.edge.tasks.chain import Chain, peer_ids
from peer.core.manifest import Manifest
from peer.core.status import DONE


def states_of(chain: Chain, steps: Steps) -> Mapping[str, SwarmFolder]:
    """What the hosts have in their swarm's folders."""
    with chain.timing(CONNECT), chain.doing("looking for a run"):
        return chain.ask(lambda link: link.ask(State()), chain.able(hosts_of(steps)))


def take_up(chain: Chain, states: Mapping[str, SwarmFolder]) -> bool:
    """Whether a run of this very swarm, with this payload, goes on there: then it is the chain's from now on.

    The chain's `settled` are the peers that need no start: they run, or are done.
    """
    living = [name for name, state in states.items() if state.living]
    run = states[living[0]].run if living else ""
    if not living or chain.run not in ("", run) or not all(state.run == run for state in states.values()):
        return False
    manifest = _manifest(chain)
    if manifest is None or not all(_is_deployed(chain, name, manifest, run, one) for name, one in states.items()):
        return False
    chain.begin_run(run)
    chain.settled = _settled(chain, states)
    chain.screen.note(f"run {run} of this payload goes on, on {fold(living)}: following it")
    return True


def _manifest(chain: Chain) -> Manifest | None:
    """That of the payload which a seed has; None where it isn't what the inventory asks for."""
    wanted = chain.inventory.swarm.payload
    with chain.timing(HASH):
        upload = payload.upload_manifest(chain) if isinstance(wanted, Upload) else None
        found = payload.found_on_seed(chain)
    if found is None or (upload is not None and not payload.holds(found, upload)):
        return None
    if isinstance(wanted, FromUrl) and not _was_fetched(chain, wanted):
        return None
    if isinstance(wanted, Generate) and found.size != wanted.size:
        return None
    return upload or found


def _was_fetched(chain: Chain, wanted: FromUrl) -> bool:
    """Whether the first seed has just this file from its URL; without a hash nobody can tell."""
    seed = chain.inventory.seeds[0]
    look = Fetch(seed.peer_id, wanted.name, wanted.url, wanted.sha256, look=True)
    good, _ = chain.try_on(lambda link: link.ask(look), chain.able([seed.host]))
    return all(answer.is_there for answer in good.values()) and bool(good)


def _is_deployed(chain: Chain, name: str, manifest: Manifest, run: str, state: SwarmFolder) -> bool:
    """Whether the host's configuration is what we would push for that run."""
    host = chain.inventory.host(name)
    texts = config_texts(chain.inventory, manifest, run, host.replace, host.extras)
    return all(state.have.get(file) == hashlib.sha256(text.encode()).hexdigest() for file, text in texts.items())


def _settled(chain: Chain, states: Mapping[str, SwarmFolder]) -> frozenset[int]:
    answers = chain.ask(lambda link: link.ask(Status(peer_ids(chain.inventory, link.name))), states)
    told = [about for answer in answers.values() for about in answer.peers]
    return frozenset(about.peer for about in told if about.alive or is_done(about.status or {}, chain.run))


def is_done(status: Mapping[str, Any], run: str) -> bool:
    """Whether it is the last status of a peer that has the payload of that run; it may be one of an earlier run."""
    return status.get("run") == run and status.get("state") == DONE

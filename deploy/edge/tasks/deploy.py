"""The task `deploy`: the payload on the seeds, then code, configuration and keys to every host, in one transfer."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from deploy.agent.verbs import Place, Prepare, State, SwarmFolder
from deploy.core.caps import caps_of, in_bytes
from deploy.core.checkup import NO_TLS_REMEDY
from deploy.core.configfiles import config_texts, swarm_folder
from deploy.core.inventory import FromUrl, Generate, Inventory, Peer, Upload
from deploy.core.placement import final_path, placing
from deploy.core.plan import Facts, Step, Steps, hosts_of, peers_of
from deploy.core.summary import PROOF_NAME, format_proof, run_id
from deploy.core.times import CONNECT, HASH, PUSH
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.pushed.bundle import Parcel, missing, packed, parcel, send
from deploy.edge.pushed.uploads import check_upload
from deploy.edge.pushed.zipapp import peer_zip
from deploy.edge.tasks import payload, preflight
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.claim import claim_seeds
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.releasename import early_key, key_of, name_release, release_name
from peer.core import folder
from peer.core.counting import count_of
from peer.core.manifest import Manifest
from peer.core.sizes import format_size

if TYPE_CHECKING:
    from deploy.edge.pushed.authority import PeerKeys

Keys = Mapping[int, "PeerKeys"]
States = Mapping[str, SwarmFolder]


def _describe(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    for peer in (peer for peer in inventory.chosen_peers if peer.seed):
        yield Step("deploy", peer.host, peer.peer_id, _payload_step(inventory, facts, peer))
    keys = " and each peer's keys" if inventory.tls else ""
    for host in inventory.chosen_hosts:
        way = " by openssh" * host.by_openssh
        what = f"push code, configuration{keys} to {swarm_folder(inventory, host.name)}{way}, unless they are there"
        yield Step("deploy", host.name, None, what)


def _payload_step(inventory: Inventory, facts: Facts, seed: Peer) -> str:
    source, place = inventory.swarm.payload, final_path(inventory, seed)
    if isinstance(source, Generate):
        return f"make {facts} at {place}, hash it"
    if isinstance(source, FromUrl):
        return f"fetch {source.url} to {place}, check and hash it"
    if isinstance(source, Upload):
        return f"upload {source.path} to {place}, hash it"
    return f"find {place}, hash it"


def _deploy(chain: Chain, steps: Steps, _: Options) -> None:
    reach(chain, steps)
    bring(chain, steps)


def reach(chain: Chain, steps: Steps) -> None:
    """Connect with every chosen host, and have the seeds for us alone. Raises Halt; UploadError before it connects."""
    check_upload(chain.upload)
    seeds = [step for step in steps if step.peer is not None]
    hosts = hosts_of(step for step in steps if step.peer is None)
    with chain.timing(CONNECT), chain.doing("connecting"):
        chain.ask(lambda link: link.connect(), hosts, drop=True)  # so that each claim is one round trip
    claim_seeds(chain, hosts_of(seeds), [name for name in hosts if name not in chain.helpers])


def bring(chain: Chain, steps: Steps, known: States = MappingProxyType({})) -> None:
    """Bring every chosen host to where its peers can start. Raises Halt where no payload can be had.

    `known`: what some hosts have told of their folders a moment ago.
    """
    seeds = [step for step in steps if step.peer is not None]
    hosts = hosts_of(step for step in steps if step.peer is None)
    tls = chain.inventory.tls
    states = chain.ask(lambda link: _idle(known.get(link.name) or link.ask(State()), tls), hosts, drop=True)
    if not states:
        raise Halt("")
    preflight.refuse(chain, states)
    if not chain.able(states):
        raise Halt("no host is ready")
    if not chain.able(hosts_of(seeds)):
        raise Halt(payload.NO_SEED)  # before there is a run, and a folder of it
    manifest, code = _begin(chain, seeds, states)
    chain.screen.note(
        f"run {chain.run}: {manifest.name}, {format_size(manifest.size)} in {count_of(manifest.piece_count, 'piece')}"
    )
    keys = _make_keys(chain.inventory)
    ways = {(host.replace, host.extras) for host in chain.inventory.chosen_hosts}
    ours = {way: _parcels(config_texts(chain.inventory, manifest, chain.run, *way)) for way in ways}
    push = partial(_push, chain=chain, states=states, ours=ours, keys=keys)
    with chain.timing(PUSH), chain.doing("pushing code and configuration"):
        sent = chain.ask(push, states, drop=True)
    for name, size in sent.items():
        chain.record("host", host=name, state="ok", run=chain.run, sent=size + code.get(name, 0))
    total = sum(sent.values()) + sum(code.values())
    chain.screen.note(f"deployed to {count_of(len(sent), 'host')}, {format_size(total)} sent")
    if not sent:
        raise Halt("no host is ready")


Code = Mapping[str, int]  # bytes of code that were sent ahead, by host


def _begin(chain: Chain, seeds: Steps, states: States) -> tuple[Manifest, Code]:
    """A new run: the payload on the chosen seeds, and its manifest."""
    chain.begin_run(chain.run or run_id(datetime.now(), random.getrandbits(24)))
    hosts = [name for name in states if peers_of(seeds, name)]
    with chain.timing(PUSH), chain.doing("pushing code"):
        code = chain.ask(lambda link: _push_code(link, states, chain.run), hosts, drop=True)
    with chain.timing(HASH):
        manifest = _make_payload(chain, [step for step in seeds if step.host in code], list(states))
    (chain.folder / PROOF_NAME).write_text(format_proof(manifest), "utf-8")  # `verify` doesn't trust the hosts' own
    return manifest, code


def _make_payload(chain: Chain, seeds: Steps, hosts: Sequence[str]) -> Manifest:
    """The payload on the seeds, and the release that it is: seeds that make it put it there at once."""
    upload = payload.upload_manifest(chain)
    key = early_key(chain.inventory, upload)
    if key:
        chain.release = name_release(chain, hosts, key)
    manifest = payload.make_payload(chain, seeds, upload)
    if not key:
        chain.release = name_release(chain, hosts, key_of(manifest))
    return manifest


def _idle(state: SwarmFolder, tls: bool) -> SwarmFolder:
    """The same, of a host where nothing is in the way of a new run. Raises HostError."""
    if tls and state.tls:
        raise HostError(f"its python3 can't speak TLS: {state.tls}", NO_TLS_REMEDY)
    if state.living:
        peers = ", ".join(map(str, state.living))
        problem = f"peer {peers} runs there (run {state.run})"
        raise HostError(problem, "watch it with `fab logs`, or end it with `fab stop` first")
    return state


@lru_cache(maxsize=1)
def _code() -> Parcel:
    return packed(parcel(folder.CODE, peer_zip()))


def _push_code(link: HostLink, states: States, run: str) -> int:
    parcels = missing([_code()], states[link.name].have)
    return send(link, parcels, aside=link.host.aside(run), doing="pushing code")


Parcels = Mapping[tuple[bool, bool], list[Parcel]]  # what all hosts of one kind get: by a host's `replace` and `extras`


def _push(link: HostLink, chain: Chain, states: States, ours: Parcels, keys: Keys) -> int:
    """Everything that this host lacks; the bytes sent."""
    inventory, run = chain.inventory, chain.run
    seed = any(peer.seed for peer in inventory.peers_on(link.name))
    have = {**states[link.name].have, **({folder.CODE: _code().hash} if seed else {})}
    own = ours[link.host.replace, link.host.extras]
    chain.pushed[link.name] = own
    parcels = missing([*own, *_key_parcels(inventory, link.name, keys)], have)
    sent = send(link, parcels, aside=link.host.aside(run), doing="pushing code and configuration")
    peers = inventory.peers_on(link.name)
    places = tuple(Place(*placing(inventory, peer, release_name(chain))) for peer in peers)
    receivers = tuple(peer.peer_id for peer in peers if not peer.seed)
    caps = in_bytes(caps_of(inventory, link.host))
    link.ask(Prepare(places, inventory.swarm.payload.name, receivers, *caps, chain.release), WORK_SECONDS)
    return sent


def _parcels(texts: Mapping[str, str]) -> list[Parcel]:
    return [_code(), *(packed(parcel(name, text.encode())) for name, text in texts.items())]


def _make_keys(inventory: Inventory) -> Keys:
    """New keys for all peers of a swarm that speaks TLS: each deploy is a swarm of its own."""
    if not inventory.tls:
        return {}
    from deploy.edge.pushed.authority import make_keys  # cryptography, which is slow to load

    return make_keys([peer.peer_id for peer in inventory.peers], datetime.now(timezone.utc))


def _key_parcels(inventory: Inventory, host: str, keys: Keys) -> list[Parcel]:
    """A host gets the keys of its own peers, and no other's."""
    mine = [peer.peer_id for peer in inventory.peers_on(host) if peer.peer_id in keys]
    return [
        parcel(f"{folder.keys(peer)}/{name}.pem", data, 0o600)
        for peer in mine
        for name, data in keys[peer]._asdict().items()
    ]


DEPLOY = (Phase(_describe, _deploy),)

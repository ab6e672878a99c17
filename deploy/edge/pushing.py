"""The task `deploy`: the payload on the seeds, then code, configuration and keys to every host, in one transfer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploy.core.placing import placing
from deploy.core.plan import texts
from deploy.core.runs import run_id
from deploy.edge import seeding
from deploy.edge.bundle import CODE_NAME, Parcel, missing, parcel, send
from deploy.edge.desk import Desk
from deploy.edge.hosterror import HostError
from deploy.edge.link import Link
from deploy.edge.zipapp import peer_zip
from peer.core.manifest import Manifest
from peer.core.sizes import format_size

States = Mapping[str, dict[str, Any]]
PUSH_SECONDS = 600.0


def deploy(desk: Desk) -> None:
    """Bring every chosen host to where its peers can start. Raises Halt where no payload can be had."""
    states = desk.ask(_idle_state, drop=True)
    code: dict[str, int] = {}
    joining = not any(peer.host in states for peer in desk.inventory.seeds)
    if joining:
        manifest, run = seeding.running_swarm(desk)
    else:
        run = desk.run or run_id(datetime.now(), random.getrandbits(24))
        desk.begin_run(run)
        code = desk.ask(lambda link: _push_code(link, states), _seed_hosts(desk, states), PUSH_SECONDS, drop=True)
        manifest = seeding.make_payload(desk, [name for name in _seed_hosts(desk, states) if name not in desk.down])
    desk.begin_run(run)
    desk.manifest = manifest
    desk.screen.note(f"run {run}: {manifest.name}, {format_size(manifest.size)} in {manifest.piece_count} pieces")
    sent = desk.ask(lambda link: _push(desk, link, states, manifest), seconds=PUSH_SECONDS, drop=True)
    for name, size in sent.items():
        desk.record(host=name, state="ok", run=run, sent=size + code.get(name, 0))
    total = sum(sent.values()) + sum(code.values())
    desk.screen.note(f"deployed to {len(sent)} hosts, {format_size(total)} sent")
    if not sent:
        raise desk.halt("no host is ready")


def _idle_state(link: Link) -> dict[str, Any]:
    state = link.call("state")
    if state["living"]:
        peers = ", ".join(state["living"])
        problem = f"peer {peers} runs there (run {state['run']})"
        raise HostError(problem, "watch it with `fab logs`, or end it with `fab stop` first")
    return state


def _seed_hosts(desk: Desk, states: States) -> list[str]:
    return [name for name in states if any(peer.seed for peer in desk.inventory.peers_on(name))]


def _push_code(link: Link, states: States) -> int:
    return send(link, missing([parcel(CODE_NAME, peer_zip())], states[link.name]["have"]))


def _push(desk: Desk, link: Link, states: States, manifest: Manifest) -> int:
    """Everything that this host lacks; the bytes sent."""
    seed = any(peer.seed for peer in desk.inventory.peers_on(link.name))
    have = {**states[link.name]["have"], **({CODE_NAME: parcel(CODE_NAME, peer_zip()).sha256} if seed else {})}
    parcels = missing(_parcels(desk, link.name, manifest), have)
    sent = send(link, parcels)
    peers = [placing(desk.inventory, peer)._asdict() for peer in desk.inventory.peers_on(link.name)]
    link.call("prepare", peers=peers, name=manifest.name)
    return sent


def _parcels(desk: Desk, host: str, manifest: Manifest) -> list[Parcel]:
    pushed = texts(desk.inventory, host, manifest, desk.run)
    return [parcel(CODE_NAME, peer_zip()), *(parcel(name, text.encode()) for name, text in pushed.items())]

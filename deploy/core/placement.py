"""The path of a peer's payload on its host: its own folder, the inventory's `destination`, or the seed's `path`."""

from __future__ import annotations

from typing import NamedTuple

from deploy.core.configfiles import swarm_folder
from deploy.core.inventory import Inventory, OnSeed, Peer
from peer.core.releaselist import release_folder

A_RELEASE = "RUN"  # where nobody knows yet which one it will be


class Placing(NamedTuple):
    """Paths on the host, as typed; None: in the peer's own folder."""

    id: int
    destination: str | None  # the folder for the payload
    source: str | None  # the path where the payload exists already
    root: str | None = None  # the destination is a release below it


def placing(inventory: Inventory, peer: Peer, release: str = A_RELEASE) -> Placing:
    """The placement of one peer. A seed's payload at `path` stays there, whatever `destination` is."""
    payload, host = inventory.swarm.payload, inventory.host(peer.host)
    if peer.seed and isinstance(payload, OnSeed):
        return Placing(peer.peer_id, None, payload.path)
    if host.releases is not None:
        return Placing(peer.peer_id, release_folder(host.releases.root, release), None, host.releases.root)
    return Placing(peer.peer_id, host.destination, None)


def final_path(inventory: Inventory, peer: Peer) -> str:
    """The final path of a peer's copy, `~` not yet expanded."""
    place = placing(inventory, peer)
    if place.source is not None:
        return place.source
    folder = place.destination or f"{swarm_folder(inventory, peer.host)}/peer_{peer.peer_id}"
    return f"{folder.rstrip('/')}/{inventory.swarm.payload.name}"

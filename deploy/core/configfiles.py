"""The texts that `deploy` pushes to a host: Common.cfg, PeerInfo.cfg and swarm.json."""

from __future__ import annotations

from deploy.core.inventory import Inventory
from peer.core.config import Common
from peer.core.manifest import Manifest, auto_piece_size
from peer.core.swarmfile import SwarmFile, folder_texts


def piece_size_of(inventory: Inventory, size: int) -> int:
    """Bytes of a piece for a payload of `size` bytes: from the inventory, else chosen."""
    return inventory.swarm.piece_size or auto_piece_size(size, len(inventory.peers))


def cut(inventory: Inventory, manifest: Manifest) -> Manifest:
    """The same payload in the pieces that suit the inventory's peers.

    They are runs of its blocks, so that nothing is hashed again when a swarm grows.
    """
    size = piece_size_of(inventory, manifest.size)
    return manifest if size % manifest.block else manifest._replace(piece_size=size)


def swarm_folder(inventory: Inventory, host_name: str) -> str:
    """`<workdir>/<swarm name>` on that host, `~` not yet expanded. Raises KeyError."""
    return f"{inventory.host(host_name).workdir.rstrip('/')}/{inventory.swarm.name}"


def config_texts(
    inventory: Inventory, manifest: Manifest, run: str, replace: bool = False, extras: bool = True
) -> dict[str, str]:
    """File name -> text of the files to push, which are the same for every host with these two keys."""
    swarm_file = _swarm_file(inventory, manifest, run)._replace(replace=replace, extras=extras)
    return folder_texts(_common(inventory, manifest), inventory.rows, swarm_file)


def _common(inventory: Inventory, manifest: Manifest) -> Common:
    rounds = inventory.swarm.rounds
    return Common(
        preferred=rounds.preferred,
        unchoking=rounds.unchoking,
        optimistic=rounds.optimistic,
        file_name=manifest.name,
        file_size=manifest.size,
        piece_size=manifest.piece_size,
    )


def _swarm_file(inventory: Inventory, manifest: Manifest, run: str) -> SwarmFile:
    swarm = inventory.swarm
    return SwarmFile(
        swarm.name,
        run,
        swarm.profile,
        manifest,
        swarm.limits,
        inventory.tls,
        classic=tuple(peer.peer_id for peer in inventory.peers if peer.classic),
        ascii=tuple(peer.peer_id for peer in inventory.peers if peer.ascii),
        relayed=tuple(peer.peer_id for peer in inventory.peers if inventory.host(peer.host).relay),
        zones=tuple((peer.peer_id, zone) for peer in inventory.peers if (zone := inventory.host(peer.host).zone)),
    )

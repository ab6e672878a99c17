"""Views of an inventory that a command line asks for: `limited` (--limit), `localized` (--local), and further ones."""

from __future__ import annotations

from dataclasses import replace

from deploy.core.inventory.clashes import LAST_PORT
from deploy.core.inventory.errors import InventoryError, Problem
from deploy.core.inventory.groups import select
from deploy.core.inventory.model import FIRST_PORT, LOCAL, Host, Inventory
from deploy.core.inventory.ranges import fold
from deploy.core.inventory.zoned import selectable


def limited(inventory: Inventory, limit: str) -> Inventory:
    """The same swarm, tasks limited to `a,group,!b,node[01-04],web*,zone:rack-a`; "" limits nothing.

    Raises InventoryError for a name that no host, group or zone has, and if nothing is left.
    """
    if not limit.strip():
        return inventory
    names = {host.name: host for host in inventory.hosts}
    try:
        view = inventory.filter(select(limit, names, selectable(inventory)))
    except ValueError as error:
        raise InventoryError("--limit", [Problem(0, "", str(error))]) from None
    if not view.selected:
        raise InventoryError("--limit", [Problem(0, "", f"'{limit}' leaves no host; name at least one")])
    if not view.chosen_peers:
        idle = fold(view.selected)
        raise InventoryError("--limit", [Problem(0, "", f"no peer is on {idle}; name a host that has one")])
    return view


def seeded(inventory: Inventory, name: str) -> Inventory:
    """The same swarm with this host as its only seed."""
    return replace(inventory, peers=tuple(peer._replace(seed=peer.host == name) for peer in inventory.peers))


def joined(inventory: Inventory) -> Inventory:
    """The swarm that delivers the payload to hosts which are added later: only the selected ones and the seeds.

    If the selection has a seed already, or is all hosts, it is the inventory itself. Peers of other hosts aren't in
    PeerInfo.cfg, so no peer waits for them.
    """
    if any(peer.seed for peer in inventory.chosen_peers):
        return inventory
    names = {peer.host for peer in (*inventory.chosen_peers, *inventory.seeds)}
    hosts = tuple(host for host in inventory.hosts if host.name in names)
    peers = tuple(peer for peer in inventory.peers if peer.host in names)
    return replace(inventory, hosts=hosts, peers=peers, selected=tuple(host.name for host in hosts))


def localized(inventory: Inventory, folder: str, first_port: int = FIRST_PORT) -> Inventory:
    """The same swarm on this machine: 127.0.0.1, no SSH, a working folder `<folder>/<host>` for each host.

    Ports are assigned from `first_port` upward in PeerInfo order (the caller passes a free one); rates,
    caps, relays, destinations and interpreters of the real hosts are forgotten. The selection stays.
    Raises InventoryError if there are too few ports.
    """
    if first_port + len(inventory.peers) - 1 > LAST_PORT:
        problem = f"{len(inventory.peers)} ports from {first_port} on don't exist; begin lower"
        raise InventoryError("--local", [Problem(0, "", problem)])
    hosts = tuple(_local_host(host, folder) for host in inventory.hosts)
    peers = tuple(peer._replace(port=port) for port, peer in enumerate(inventory.peers, first_port))
    swarm = inventory.swarm._replace(cap=None, relay_cap=None)
    return replace(inventory, swarm=swarm, hosts=hosts, peers=peers, zone_rates={}, localized=True)


def _local_host(host: Host, folder: str) -> Host:
    return Host(
        name=host.name,
        address="127.0.0.1",
        peer_address="127.0.0.1",
        connection=LOCAL,
        workdir=f"{folder.rstrip('/') or '/'}/{host.name}",
        peer_port=host.peer_port,
        zone=host.zone,
        line=host.line,
    )

"""Opens a chain of tasks: takes the part of the inventory that its options name, and sets up what the tasks share."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from deploy.core.inventory import Host, Inventory, joined, limited, localized
from deploy.edge.fab.chaintask import Hostnames
from deploy.edge.fab.inventoryfile import inventory_path, read_inventory
from deploy.edge.hosts.fleet import Fleet
from deploy.edge.hosts.host import Transport
from deploy.edge.hosts.local import LocalTransport
from deploy.edge.hosts.localports import free_base
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.transcript import Transcript
from deploy.edge.tasks.chain import Chain

FabricConfig = Callable[[], Any]  # makes a fabric.Config, which is slow to load: called where a host is behind SSH
LOCAL_FOLDER = "~/.weft/local"  # `--local`: a folder a host below this one
ADDRESSING = frozenset({"check", "plan", "deploy", "start", "up"})  # tasks that tell peers each other's addresses
BRINGING = frozenset({"deploy", "up", "push"})  # tasks that need a seed: with --limit, the seeds take part


def open_screen(options: Mapping[str, Any], program: str) -> Screen:
    """What the tasks write to; `program`: what messages call the command."""
    return Screen(Transcript(), bool(options.get("json")), bool(options.get("plain")), program)


def open_chain(
    options: Mapping[str, Any],
    tasks: Collection[str],
    fabric_config: FabricConfig,
    screen: Screen,
    made: Inventory | None = None,
    hostnames: Hostnames = lambda _: {},
) -> Chain:
    """A chain of `tasks`; `options` are those that hold for all. Raises ConfigError, InventoryError.

    `made`: the inventory, where no file has it, with the chosen hosts alone; `hostnames`: see `read_inventory`.
    """
    path = inventory_path(options)
    for_peers = not options.get("local") and not ADDRESSING.isdisjoint(tasks)
    inventory = made or (read_inventory(options, hostnames) if for_peers else read_inventory(options))
    if options.get("local"):
        inventory = localized(inventory, LOCAL_FOLDER, free_base(len(inventory.peers)))
    inventory = asked_for = limited(inventory, "" if made else str(options.get("limit", "")))
    if not BRINGING.isdisjoint(tasks):
        inventory = joined(inventory)
    base = path.resolve().parent
    fleet = _fleet(inventory, base, fabric_config)
    helpers = frozenset(inventory.selected) - frozenset(asked_for.selected)
    return Chain(inventory, fleet, screen, base, str(options.get("run", "")), helpers)


def _fleet(inventory: Inventory, base: Path, fabric_config: FabricConfig) -> Fleet:
    """All hosts, each behind SSH or on this machine, where relative paths begin at `base`.

    SSH is slow to load, so that is done only where a host needs it.
    """
    if all(host.local for host in inventory.hosts):
        return Fleet(inventory, lambda host: LocalTransport(host, base), at_last=lambda: None)
    from deploy.edge.ssh.openssh import OpensshTransport
    from deploy.edge.ssh.routes import Routes
    from deploy.edge.ssh.transport import SshTransport

    routes = Routes(fabric_config())

    def transport_of(host: Host) -> Transport:
        if host.local:
            return LocalTransport(host, base)
        host = host._replace(key=_here(host.key, base), known_hosts=_here(host.known_hosts, base))
        return OpensshTransport(host, routes.ways) if host.by_openssh else SshTransport(host, routes)

    return Fleet(inventory, transport_of, at_last=routes.close)


def _here(path: str | None, base: Path) -> str | None:
    """A path on this machine, as an inventory in `base` names it."""
    return None if path is None else str(base / os.path.expanduser(path))

"""Opens a chain of tasks: reads the inventory that its options name, and sets up what the tasks share."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from deploy.core.command.optiontable import INVENTORY
from deploy.core.inventory import FIRST_PORT, Host, Inventory, joined, limited, lists_in, localized, parse_inventory
from deploy.core.inventory.listed import joined_lists
from deploy.edge.hosts.fleet import Fleet
from deploy.edge.hosts.host import Transport
from deploy.edge.hosts.local import LocalTransport
from deploy.edge.screen.screen import Screen
from deploy.edge.screen.transcript import Transcript
from deploy.edge.tasks.chain import Chain
from peer.core.errors import ConfigError, system_words
from peer.core.sizes import format_size

FabricConfig = Callable[[], Any]  # makes a fabric.Config, which is slow to load: called where a host is behind SSH
LOCAL_FOLDER = "~/.weft/local"  # `--local`: a folder a host below this one
_MOST_TEXT = 64 * 1024 * 1024  # characters of an inventory
_LAST_FIRST_PORT = 60000
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
) -> Chain:
    """A chain of `tasks`; `options` are those that hold for all. Raises ConfigError, InventoryError.

    `made`: the inventory, where no file has it.
    """
    path = Path(str(options.get("inventory", INVENTORY)))
    inventory = made or _parsed(path, str(options.get("hosts", "")))
    if options.get("local"):
        inventory = localized(inventory, LOCAL_FOLDER, _free_base(len(inventory.peers)))
    inventory = asked_for = limited(inventory, str(options.get("limit", "")))
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


def _parsed(path: Path, hosts: str) -> Inventory:
    """The inventory with the hosts of the lists that it names, and of the one that the command line does (`hosts`)."""
    text = _read(path)
    words = lists_in(text, str(path))
    if not words and not hosts:
        return parse_inventory(text, str(path))
    from deploy.edge.tasks.hostlist import read_hosts

    lists = [read_hosts(word, path.resolve().parent, may_run=False) for word in words]
    if hosts:
        lists.append(read_hosts(hosts, Path(), may_run=True))
    return parse_inventory(text, str(path), joined_lists(lists))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST_TEXT + 1)
    except UnicodeDecodeError:
        raise ConfigError(str(path), "it isn't UTF-8 text", "save it as UTF-8") from None
    except OSError as error:
        reason = system_words(error)
        remedy = "name your inventory with --inventory FILE; `fab init` writes one to begin with"
        raise ConfigError(str(path), reason, remedy) from None
    if len(text) > _MOST_TEXT:
        raise ConfigError(str(path), f"it has more than {format_size(_MOST_TEXT)}", "name an inventory")
    return text


def _free_base(count: int) -> int:
    """The first port of `count` free ones in a row: `--local` may meet another swarm on this machine."""
    for base in range(FIRST_PORT, _LAST_FIRST_PORT, max(count, 1)):
        if all(_is_free(port) for port in range(base, base + count)):
            return base
    return FIRST_PORT


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True

"""Reads the inventory that a command line names, with the lists of hosts that belong to it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy.core.command.optiontable import INVENTORY
from deploy.core.inventory import Inventory, parse_document
from deploy.core.inventory.aliases import for_peers, named_alone
from deploy.core.inventory.listed import Listed, joined_lists, named_lists
from deploy.core.inventory.yamltext import read
from deploy.edge.fab.chaintask import Hostnames
from peer.core.errors import ConfigError, system_words
from peer.core.sizes import format_size

_MOST_TEXT = 64 * 1024 * 1024  # characters of an inventory


def inventory_path(options: Mapping[str, Any]) -> Path:
    """The file of the inventory; `~` is for us to fill in where a shell doesn't, as after `--inventory=`."""
    return Path(os.path.expanduser(str(options.get("inventory", INVENTORY))))


def read_inventory(options: Mapping[str, Any], hostnames: Hostnames = lambda _: {}) -> Inventory:
    """The inventory, with the hosts of the lists that it names, and of the one in `--hosts`.

    `hostnames` tells what ssh_config calls hosts: a name that only we know is no address for their peers. Raises
    ConfigError, InventoryError.
    """
    path, hosts = inventory_path(options), str(options.get("hosts", ""))
    document = read(_read(path), str(path))
    words = named_lists(document.data)
    listed = _listed(path, words, hosts) if words or hosts else None
    inventory = parse_document(document, str(path), listed)
    named = named_alone(inventory.hosts)
    found = for_peers(named, hostnames(named)) if named else {}
    inventory = parse_document(document, str(path), listed, found) if found else inventory
    return replace(inventory, hosts_list=hosts)


def _listed(path: Path, words: Iterable[str], hosts: str) -> Listed:
    """What the lists say that the inventory names in `words`, and `--hosts`."""
    from deploy.edge.tasks.hostlist import read_hosts

    lists = [read_hosts(word, path.resolve().parent, may_run=False) for word in words]
    if hosts:
        lists.append(read_hosts(hosts, Path(), may_run=True))
    return joined_lists(lists)


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

"""The door to the inventory: text -> `Inventory`, and the two views of it, `limited` (--limit) and `localized` (--local)."""

from __future__ import annotations

from typing import Any

from deploy.core.model import (
    FIRST_ID,
    FIRST_PORT,
    LOCAL,
    SSH,
    Generate,
    Host,
    Inventory,
    Jump,
    OnSeed,
    Payload,
    Peer,
    Rate,
    Rounds,
    Swarm,
    Upload,
)
from deploy.core.problems import InventoryError, Problem

__all__ = [
    "FIRST_ID", "FIRST_PORT", "LOCAL", "SSH", "Generate", "Host", "Inventory", "InventoryError", "Jump", "OnSeed",
    "Payload", "Peer", "Problem", "Rate", "Rounds", "Swarm", "Upload",
    "json_schema", "limited", "localized", "parse_inventory",
]  # fmt: skip


def parse_inventory(text: str, source: str = "inventory.yaml") -> Inventory:
    """An inventory's text as an `Inventory` with all its hosts selected.

    `source` is the file's name for messages. Raises InventoryError, which names every mistake with its line.
    """
    raise NotImplementedError


def limited(inventory: Inventory, limit: str) -> Inventory:
    """The same swarm, tasks limited to `a,group,!b,node[01-04],web*`; "" limits nothing.

    Raises InventoryError for a name that no host or group has, and where nothing is left.
    """
    raise NotImplementedError


def localized(inventory: Inventory, folder: str, first_port: int = FIRST_PORT) -> Inventory:
    """The same swarm on this machine: 127.0.0.1, no SSH, a working folder `<folder>/<host>` for each host.

    Ports are given anew from `first_port` upward, one a peer, in PeerInfo order (hand in a base that is free);
    rates, destinations and interpreters of the real hosts are forgotten. The selection stays.
    Raises InventoryError where the ports don't suffice.
    """
    raise NotImplementedError


def json_schema() -> dict[str, Any]:
    """The inventory's JSON Schema (draft 2020-12), for editors and for `fab schema`."""
    raise NotImplementedError

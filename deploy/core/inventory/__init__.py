"""The inventory: YAML text -> `Inventory`, and the views of it that a command line asks for."""

from typing import TYPE_CHECKING, Any

from deploy.core.inventory.errors import InventoryError, Problem, did_you_mean, shown
from deploy.core.inventory.model import (
    FIRST_ID,
    FIRST_PORT,
    LOCAL,
    OPENSSH,
    PARAMIKO,
    SSH,
    FromUrl,
    Generate,
    Host,
    Inventory,
    Jump,
    OnSeed,
    Payload,
    Peer,
    Rate,
    Releases,
    Rounds,
    Swarm,
    Then,
    Upload,
)
from deploy.core.inventory.ranges import fold
from deploy.core.inventory.select import joined, limited, localized
from deploy.core.inventory.yamlscalar import scalar

if TYPE_CHECKING:
    from deploy.core.inventory.importing import inventory_text, read_machines
    from deploy.core.inventory.parse import parse_document, parse_inventory
    from deploy.core.inventory.schema import json_schema

__all__ = [
    "FIRST_ID", "FIRST_PORT", "LOCAL", "OPENSSH", "PARAMIKO", "SSH",
    "FromUrl", "Generate", "Host", "Inventory", "InventoryError", "Jump", "OnSeed", "Payload", "Peer", "Problem",
    "Rate", "Releases", "Rounds", "Swarm", "Then", "Upload",
    "did_you_mean", "fold", "inventory_text", "joined", "json_schema", "limited", "localized",
    "parse_document", "parse_inventory", "read_machines", "scalar", "shown",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """What reads an inventory's text, or its keys, is loaded at its first use: help and completion need no pydantic."""
    if name in ("inventory_text", "read_machines"):
        from deploy.core.inventory import importing

        return getattr(importing, name)
    if name in ("parse_document", "parse_inventory"):
        from deploy.core.inventory import parse

        return getattr(parse, name)
    if name == "json_schema":
        from deploy.core.inventory.schema import json_schema

        return json_schema
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

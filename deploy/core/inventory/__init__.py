"""The inventory: YAML text -> `Inventory`, and the views of it that a command line asks for."""

from deploy.core.inventory.errors import InventoryError, Problem, did_you_mean, shown
from deploy.core.inventory.importing import inventory_text, read_machines
from deploy.core.inventory.model import (
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
from deploy.core.inventory.parse import lists_in, parse_inventory
from deploy.core.inventory.ranges import fold
from deploy.core.inventory.schema import json_schema
from deploy.core.inventory.select import joined, limited, localized
from deploy.core.inventory.yamlscalar import scalar

__all__ = [
    "FIRST_ID", "FIRST_PORT", "LOCAL", "SSH",
    "Generate", "Host", "Inventory", "InventoryError", "Jump", "OnSeed", "Payload", "Peer", "Problem", "Rate",
    "Rounds", "Swarm", "Upload",
    "did_you_mean", "fold", "inventory_text", "joined", "json_schema", "limited", "lists_in", "localized",
    "parse_inventory", "read_machines", "scalar", "shown",
]  # fmt: skip

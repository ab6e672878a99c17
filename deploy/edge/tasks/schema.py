"""The task `schema`: the inventory's JSON Schema, for editors."""

from __future__ import annotations

import json

from deploy.core.inventory import json_schema
from deploy.edge.tasks.chain import Chain


def print_schema(chain: Chain) -> None:
    """Print the inventory's JSON Schema."""
    chain.screen.print(json.dumps(json_schema(), indent=2))

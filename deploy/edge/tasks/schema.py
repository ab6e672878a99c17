"""The task `schema`: the inventory's JSON Schema, for editors."""

from __future__ import annotations

import json

from deploy.core.inventory import json_schema
from deploy.edge.screen.screen import Screen


def print_schema(screen: Screen) -> None:
    """Print the inventory's JSON Schema."""
    screen.print(json.dumps(json_schema(), indent=2))

"""The task `schema`: the inventory's JSON Schema, for editors."""

from __future__ import annotations

import json

from deploy.core.inventory import json_schema
from deploy.edge.screen.screen import Screen


def print_schema(screen: Screen) -> None:
    """Print the inventory's JSON Schema."""
    schema = json_schema()
    screen.record({"event": "schema", "task": "schema", "schema": schema})
    screen.print(json.dumps(schema, indent=2))

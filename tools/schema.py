#!/usr/bin/env python3
"""Prints the inventory's JSON Schema, for editors: python tools/schema.py > docs/inventory.schema.json."""

from __future__ import annotations

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from deploy.core.inventory import json_schema
from tools.arguments import Parser, leave


def main(argv: list[str] | None = None) -> int:
    Parser(prog="schema", description="Print the JSON Schema of inventory.yaml.").parse_args(argv)
    print(text(), end="")
    return 0


def text() -> str:
    return json.dumps(json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    leave(main)

"""What `ansible-inventory --list` prints: hosts with all their variables filled in, and groups."""

from __future__ import annotations

import json
from typing import Any

from deploy.core.hostlists.ansibletree import Tree, listed_of
from deploy.core.hostlists.ansiblevars import Var
from deploy.core.hostlists.ip6word import ip6_address, name_of
from deploy.core.hostlists.listlines import refuse
from deploy.core.inventory.listed import Listed


def read_json(text: str, source: str) -> Listed:
    """The hosts and groups. Raises InventoryError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        refuse(source, getattr(error, "lineno", 0), f"not JSON ({getattr(error, 'msg', 'nested too deep')})")
    tree = Tree(source)
    variables = _mapping(_mapping(data, "_meta"), "hostvars")
    for name in data:
        group = _mapping(data, name)
        if name != "_meta":
            tree.group(name, 0).children += _texts(group, "children", name, source)
            for host in _texts(group, "hosts", name, source):
                tree.add(host, name, {}, 0)
    for host in variables:
        address = ip6_address(host)
        own = tree.hosts.setdefault(name_of(address) if address else host, {})
        own.update({key: Var(value) for key, value in _mapping(variables, host).items()})
    return listed_of(tree)


def _mapping(data: Any, key: str) -> dict[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _texts(group: dict[str, Any], key: str, name: str, source: str) -> list[str]:
    values = group.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        refuse(source, 0, f"{name}.{key} isn't a list of names")
    return values

"""A static Ansible inventory in YAML: groups with hosts, children and vars, below `all` or at the top."""

from __future__ import annotations

from typing import Any

from deploy.core.hostlists.ansibletree import Tree, listed_of
from deploy.core.hostlists.ansiblevars import Var
from deploy.core.hostlists.listlines import refuse
from deploy.core.inventory import InventoryError
from deploy.core.inventory.errors import Path, described
from deploy.core.inventory.listed import Listed
from deploy.core.inventory.yamltext import Document, read

AS_TEXT = ("!vault", "!unsafe")  # Ansible's tags: what they mark is of no use here, but may stand beside what is


def read_yaml(text: str, source: str) -> Listed:
    """The hosts and groups. Raises InventoryError."""
    document = read(text, source, AS_TEXT)
    if document.problems:
        raise InventoryError(source, document.problems)
    if isinstance(document.data, dict) and "plugin" in document.data:
        refuse(source, document.lines.get(("plugin",), 0), "it is for a plugin of Ansible: install ansible-inventory")
    reader = _Reader(document, source)
    for name, group in reader.mapping(document.data, ()).items():
        reader.group(name, group, (name,))
    return listed_of(reader.tree)


class _Reader:
    """Walks the groups."""

    def __init__(self, document: Document, source: str) -> None:
        self._lines = document.lines
        self._source = source
        self.tree = Tree(source)

    def group(self, name: str, data: Any, path: Path) -> None:
        """Note a group and all below it."""
        group = self.tree.group(name, self._line(path))
        for key, below in self.mapping(data, path).items():
            here = (*path, key)
            if key not in ("hosts", "children", "vars"):
                refuse(self._source, self._line(here), f"'{key}' is none of hosts, children and vars")
            for child, value in self.mapping(below, here).items():
                if key == "hosts":
                    self.tree.add(child, name, self._variables(value, (*here, child)), self._line((*here, child)))
                elif key == "vars":
                    group.variables[child] = Var(value, self._line((*here, child)))
                else:
                    group.children.append(child)
                    self.group(child, value, (*here, child))

    def mapping(self, data: Any, path: Path) -> dict[str, Any]:
        """The keys at a path; nothing is an empty mapping."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            where = path[-1] if path else "the inventory"
            refuse(
                self._source, self._line(path), f"{where} is {described(data)}, not a mapping; end each name with ':'"
            )
        return data

    def _variables(self, data: Any, path: Path) -> dict[str, Var]:
        return {name: Var(value, self._line((*path, name))) for name, value in self.mapping(data, path).items()}

    def _line(self, path: Path) -> int:
        return self._lines.get(path, 0)

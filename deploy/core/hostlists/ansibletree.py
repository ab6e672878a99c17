"""Ansible's groups with their hosts, children and variables -> hosts with their keys, by Ansible's precedence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from deploy.core.hostlists.ansiblevars import Var, keys_of
from deploy.core.hostlists.ip6word import ip6_address, name_of
from deploy.core.hostlists.listlines import refuse
from deploy.core.inventory import names
from deploy.core.inventory.listed import Listed, ListedHost
from deploy.core.inventory.ranges import MAX_NAMES

ALL, UNGROUPED = "all", "ungrouped"  # Ansible's own groups; `all` is one of ours too
_NONE: Mapping[str, Var] = {}
_RANGE = re.compile(r"\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")


@dataclass
class Group:
    """One group as it is written. `line`: where it was first named."""

    line: int = 0
    hosts: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    variables: dict[str, Var] = field(default_factory=dict)


@dataclass
class Tree:
    """All groups and hosts. `hosts`: each host's own variables; `lines`: where it was first named."""

    source: str
    groups: dict[str, Group] = field(default_factory=dict)
    hosts: dict[str, dict[str, Var]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def group(self, name: str, line: int) -> Group:
        """The group of that name, which is made if there is none yet."""
        return self.groups.setdefault(name, Group(line))

    def add(
        self, pattern: str, group: str, variables: Mapping[str, Var], line: int, first: Mapping[str, Var] = _NONE
    ) -> None:
        """Note the hosts of a pattern in a group, with variables of their own.

        `first`: variables that count where a host is named first, as the port of `host:port` does for Ansible.
        """
        address = ip6_address(pattern)
        if address:
            first = {**first, "ansible_host": Var(address, line)}
        for name in [name_of(address)] if address else self.expanded(pattern, line):
            self.hosts.setdefault(name, dict(first)).update(variables)
            self.lines.setdefault(name, line)
            members = self.group(group, line).hosts
            if name not in members:
                members.append(name)

    def expanded(self, pattern: str, line: int) -> list[str]:
        """`web[01:16]` -> web01 to web16."""
        pieces = _RANGE.split(pattern)
        columns: list[list[str]] = [[pieces[0]]]
        for place in range(1, len(pieces), 4):
            columns += [self._run(pattern, pieces[place : place + 3], line), [pieces[place + 3]]]
        count = 1
        for column in columns:
            count *= len(column)
        if count > MAX_NAMES:
            refuse(self.source, line, f"'{pattern}' makes {count} names; at most {MAX_NAMES} are possible")
        found = ["".join(parts) for parts in product(*columns)]
        try:
            return [names.safe_name(name) for name in found]
        except ValueError as error:
            refuse(self.source, line, str(error))

    def _run(self, pattern: str, bounds: list[str], line: int) -> list[str]:
        first, last, step = bounds[0], bounds[1], int(bounds[2] or 1)
        if first.isdigit() != last.isdigit() or step < 1:
            refuse(self.source, line, f"'{pattern}' isn't a range; write numbers or letters like [01:16] or [a:f]")
        if not first.isdigit():
            return [chr(code) for code in range(ord(first), ord(last) + 1, step)]
        if len(first) > 9 or len(last) > 9 or int(last) - int(first) >= MAX_NAMES:
            refuse(self.source, line, f"'{pattern}' makes too many names; at most {MAX_NAMES} are possible")
        width = len(first) if first.startswith("0") else 0
        return [str(number).zfill(width) for number in range(int(first), int(last) + 1, step)]


def listed_of(tree: Tree) -> Listed:
    """The hosts in the order in which they are named, and the groups. Raises InventoryError."""
    members = {name: _members(tree, name, ()) for name in tree.groups}
    ranked = sorted(tree.groups, key=lambda name: (_depth(tree, name), name))
    hosts = []
    for host, own in tree.hosts.items():
        variables: dict[str, Var] = {}
        for name in ranked:
            if name == ALL or host in members[name]:
                variables.update(tree.groups[name].variables)
        variables.update(own)
        hosts.append(ListedHost(host, keys_of(variables, tree.source, host), tree.lines.get(host, 0)))
    groups = {name: tuple(found) for name, found in members.items() if name not in (ALL, UNGROUPED) and found}
    groups = {name: found for name, found in groups.items() if found != (name,)}  # a host is its own group anyway
    for name in groups:
        if name in tree.hosts:
            refuse(
                tree.source,
                tree.groups[name].line,
                f"'{name}' is a group and one of several hosts; rename one of the two",
            )
        try:
            names.safe_name(name)
        except ValueError as error:
            refuse(tree.source, tree.groups[name].line, str(error))
    return Listed(tuple(hosts), groups)


def _members(tree: Tree, name: str, way: tuple[str, ...]) -> list[str]:
    """The hosts of a group and of its children, each once."""
    group = tree.groups.get(name, Group())
    if name in way:
        refuse(tree.source, group.line, f"groups contain one another: {' > '.join((*way, name))}; remove one of them")
    found = dict.fromkeys(group.hosts)
    for child in group.children:
        found.update(dict.fromkeys(_members(tree, child, (*way, name))))
    return list(found)


def _depth(tree: Tree, name: str) -> int:
    """How deep a group is: the deeper one's variables win. Circles were refused."""
    if name == ALL:
        return 0
    parents = [parent for parent, group in tree.groups.items() if name in group.children]
    return 1 + max((_depth(tree, parent) for parent in parents), default=0)

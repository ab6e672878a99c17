"""A static Ansible inventory in INI: groups, children, variables, ranges and hosts with variables of their own."""

from __future__ import annotations

import re
import shlex

from deploy.core.hostlists.ansibletree import ALL, UNGROUPED, Tree, listed_of
from deploy.core.hostlists.ansiblevars import Var
from deploy.core.hostlists.listlines import entries, refuse
from deploy.core.inventory.listed import Listed

_SECTION = re.compile(r"\[([^\]:]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_WITH_PORT = re.compile(r"((?:[^\[\]:]|\[[^\]]*\])+):([0-9]+)")  # the one ':' outside of ranges


def read_ini(text: str, source: str) -> Listed:
    """The hosts and groups. Raises InventoryError."""
    tree, group, kind = Tree(source), UNGROUPED, ""
    made, wanted = {ALL, UNGROUPED}, dict[str, int]()  # groups with a section of their own; those that others need
    for number, line in entries(text, "#;"):
        section = _SECTION.fullmatch(line)
        if section:
            group, kind = section[1].strip(), section[2] or ""
            if kind not in ("", "children", "vars"):
                refuse(source, number, f"'[{group}:{kind}]' is none of [GROUP], [GROUP:children] and [GROUP:vars]")
            tree.group(group, number)
            if kind == "vars":
                wanted.setdefault(group, number)
            else:
                made.add(group)
        elif kind == "children":
            child = line.split(" #")[0].strip()
            tree.group(child, number)
            wanted.setdefault(child, number)
            tree.group(group, number).children.append(child)
        elif kind == "vars":
            name, equals, value = line.partition("=")
            if not equals:
                refuse(source, number, f"'{line}' isn't a variable; write NAME=VALUE")
            tree.group(group, number).variables[name.strip()] = Var(_literal(value.strip()), number)
        else:
            _host(tree, group, line, number)
    for name in [name for name in wanted if name not in made]:
        refuse(source, wanted[name], f"no group is called '{name}'; write a section [{name}] with its hosts")
    return listed_of(tree)


def _host(tree: Tree, group: str, line: str, number: int) -> None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        refuse(tree.source, number, "a quote isn't closed")
    variables: dict[str, Var] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:
            refuse(tree.source, number, f"'{word}' isn't a variable; write NAME=VALUE, and one host a line")
        variables[name] = Var(_literal(value), number)
    port = _WITH_PORT.fullmatch(words[0])
    if port is None:
        tree.add(words[0], group, variables, number)
    else:
        tree.add(port[1], group, variables, number, first={"ansible_port": Var(port[2], number)})


def _literal(value: str) -> str:
    """A value without the quotes and the comment that Ansible leaves out as well."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()

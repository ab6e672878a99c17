"""Draws the rooms of the program and the imports between them, for docs/architecture.md: `make rooms` writes it there.

The arrows are those of the sources. `test_rooms` fails when the picture in the document is another one.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional

from tests.rooms import ROOT, Modules, arrows, program, within

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- rooms: written by `make rooms`, don't edit -->"
END = "<!-- end of rooms -->"

# The rooms that are drawn, in the order of reading. A module belongs to the longest name that its own begins with.
DRAWN = (
    *("weft", "peer.core", "peer.edge"),
    *("deploy.core", "deploy.core.command", "deploy.core.hostlists", "deploy.core.inventory", "deploy.agent"),
    *("deploy.edge.tasks", "deploy.edge.hosts", "deploy.edge.pushed", "deploy.edge.screen", "deploy.edge.fab"),
    "deploy.edge.command",
    *("netlab", "tools", "tools.auditing", "rigs"),
)
COMMON = "peer.core"  # so many rooms import it that its arrows would hide the others
GROUPS = ("peer", "deploy")


def room(module: str) -> Optional[str]:
    """The drawn room of a module; None for the few that are in none, such as the tasks' names."""
    names = [name for name in DRAWN if within(module, name)]
    return max(names, key=len) if names else None


def imports(modules: Modules) -> Dict[str, FrozenSet[str]]:
    """For each drawn room the other rooms that its modules import."""
    found: Dict[str, FrozenSet[str]] = {name: frozenset() for name in DRAWN}
    for module, targets in arrows(modules).items():
        mine = room(module)
        if mine:
            found[mine] |= {other for other in map(room, targets) if other} - {mine}
    return found


def drawn(modules: Modules) -> str:
    """The picture, and a table of what each room holds and imports."""
    edges = imports(modules)
    return "\n".join([*_picture(edges), "", *_table(modules, edges)]) + "\n"


def _picture(edges: Dict[str, FrozenSet[str]]) -> List[str]:
    lines = ["```mermaid", "flowchart TD"]
    for group in GROUPS:
        inside = [name for name in DRAWN if within(name, group)]
        lines += [f"    subgraph {group}", *(f"        {_box(name)}" for name in inside), "    end"]
    lines += [f"    {_box(name)}" for name in DRAWN if not any(within(name, group) for group in GROUPS)]
    for name in DRAWN:
        lines += [f"    {_id(name)} --> {_id(other)}" for other in DRAWN if other in edges[name] - {COMMON}]
    return [*lines, "```", "", f"Not drawn: the arrows to `{COMMON}`, which the table names."]


def _id(name: str) -> str:
    return name.replace(".", "_")


def _box(name: str) -> str:
    group = next((f"{group}." for group in GROUPS if within(name, group)), "")
    return f'{_id(name)}["{name[len(group) :].replace(".", "/")}"]'


def _table(modules: Modules, edges: Dict[str, FrozenSet[str]]) -> List[str]:
    rows = [
        f"| `{name.replace('.', '/')}/` | {_first_line(modules[name])} | {_listed(edges[name])} |" for name in DRAWN
    ]
    return ["| room | what it holds | imports |", "| --- | --- | --- |", *rows]


def _listed(rooms: FrozenSet[str]) -> str:
    return ", ".join(name for name in DRAWN if name in rooms) or "no other"


def _first_line(source: str) -> str:
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def with_picture(text: str, picture: str) -> str:
    """A document's text with the picture between its marks. Raises ValueError if they aren't there."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the marks around the picture are gone: put '{BEGIN}' and '{END}' back")
    return f"{head}{BEGIN}\n\n{picture}\n{END}{tail}"


def main(page: Path = PAGE) -> None:
    """Write the picture into the document."""
    page.write_text(with_picture(page.read_text(encoding="utf-8"), drawn(program())), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Reads the imports of the program and says where a rule of its rooms is broken; `test_rooms` applies and tests it."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

ROOT = Path(__file__).parent.parent
TOPS = ("weft", "peer", "deploy", "netlab", "rigs", "tools")
ANY = frozenset(sys.stdlib_module_names)
# What a module that only decides may use: it reads no clock, file, socket or thread.
_DECIDING = """
    __future__ abc array binascii bisect collections contextlib dataclasses datetime difflib enum errno fnmatch
    fractions functools hashlib heapq ipaddress itertools json math operator posixpath random re shlex statistics string
    struct textwrap types typing unicodedata zlib
"""
PURE = frozenset(_DECIDING.split())
IMPURE_CALLS = frozenset(("open", "input", "print", "exec", "eval", "__import__"))
CLOCKS = frozenset(("now", "utcnow", "today"))  # of datetime and date


class Room(NamedTuple):
    """What the modules of a room may import: of our own, of the standard library, of others.

    `bare`: packages that may be named and not entered, to find their files. `pure`: its modules decide.
    """

    own: Tuple[str, ...]
    stdlib: FrozenSet[str] = ANY
    others: Tuple[str, ...] = ()
    pure: bool = False
    bare: Tuple[str, ...] = ()


# A module belongs to the room with the longest name that its own begins with.
ROOMS: Dict[str, Room] = {
    "weft": Room(own=("weft", "deploy.edge.command", "deploy.fabfile"), others=("invoke",)),
    "peer": Room(own=("peer",)),
    "peer.core": Room(own=("peer.core",), stdlib=PURE, pure=True),
    "deploy": Room(own=("deploy", "peer.core"), others=("invoke",)),
    "deploy.core": Room(
        own=("deploy.core", "peer.core"), stdlib=PURE, others=("pathspec", "pydantic", "ruamel"), pure=True
    ),
    "deploy.agent": Room(
        own=(
            *("deploy.agent", "peer.core"),
            *(
                f"peer.edge.{name}"
                for name in (
                    "lock",
                    "modes",
                    "files",
                    "ours",
                    "pulse",
                    "asbefore",
                    "capfile",
                    "codepack",
                    "copies",
                    "hashing",
                    "proving",
                    "finish",
                    "exitcode",
                    "follow",
                    "foundrows",
                    "holes",
                    "lane",
                    "scan",
                    "traits",
                    "trial",
                    "wholefile",
                )
            ),
        )
    ),  # what agentsource packs
    "deploy.edge": Room(own=()),  # only rooms are in it
    "deploy.edge.fab": Room(own=("deploy.core", "deploy.edge", "peer.core"), others=("invoke",)),
    "deploy.edge.command": Room(own=("deploy.core", "deploy.edge", "deploy.fabfile", "peer.core"), others=("invoke",)),
    "deploy.edge.tasks": Room(
        own=(
            "deploy.core",
            "deploy.agent",
            "peer.core",
            *(f"deploy.edge.{name}" for name in ("tasks", "hosts", "pushed", "screen", "web")),
        ),
        bare=("peer",),
    ),
    "deploy.edge.pushed": Room(
        own=(
            *("deploy.core", "deploy.agent", "deploy.edge.pushed", "deploy.edge.hosts", "peer.core"),
            "peer.edge.codepack",
        ),
        bare=("peer",),
        others=("cryptography",),
    ),
    "deploy.edge.ssh": Room(
        own=("deploy.core", "deploy.edge.ssh", "deploy.edge.hosts", "peer.core"),
        others=("cryptography", "fabric", "paramiko"),
    ),
    "deploy.edge.hosts": Room(
        own=(
            *("deploy.core", "deploy.agent", "deploy.edge.hosts", "peer.core", "peer.edge.codepack"),
            *("peer.edge.capfile", "peer.edge.throttle"),  # what this machine carries is capped as a host is
        ),
        bare=("deploy.agent",),
    ),
    "deploy.edge.web": Room(own=("deploy.core", "deploy.edge.web", "peer.core")),
    "deploy.edge.screen": Room(own=("deploy.core", "deploy.edge.screen", "peer.core"), others=("rich",)),
    "fabfile": Room(own=("deploy.fabfile", "deploy.edge.fab"), others=("fabric",)),  # where `fab` looks for tasks
    "netlab": Room(own=("netlab",)),
    "rigs": Room(
        own=(
            *("rigs", "netlab", "tools.arguments", "tools.sim.limit"),
            *("peer", "deploy.core", "deploy.edge.pushed.authority", "deploy.edge.pushed.zipapp"),
            *(
                "deploy.agent.children",
                "deploy.agent.lines",
                "deploy.agent.manifestway",
                "deploy.agent.packedtalk",
                "deploy.agent.peercommand",
                "deploy.agent.typed",
                "deploy.agent.verbs",
            ),  # the contract
            *(f"deploy.edge.hosts.{name}" for name in ("agentsource", "compiling", "deadline", "localports", "pipe")),
            *("deploy.edge.ssh.transport", "deploy.edge.web.runfolder"),
        ),
        others=("atheris", "libtorrent", "matplotlib"),
    ),
    "tools": Room(own=("tools", "netlab", "peer", "deploy.core", "deploy.edge.web.pageparts"), others=("rich",)),
    "tools.auditing": Room(own=("tools.auditing", "peer.core"), stdlib=PURE | {"calendar"}, pure=True),
    "tools.sim": Room(own=("tools", "peer.core")),
}
# The only modules that import a library at run time.
DOORS: Dict[str, Tuple[str, ...]] = {
    "fabric": ("deploy.edge.ssh.connection", "fabfile"),
    "rich": ("deploy.edge.screen.terminal", "tools.audittable"),
}
MOST_LINES = 300  # of a module
# Names of modules that occur more than once, and why. Packages are rooms, whose names are read with their path.
TWICE: Dict[str, str] = {
    "__main__": "where `python -m` begins, of the peer and of the command",
    "errors": "the exception of each room, and nothing else",
    "follow": "one stream: the peer writes it, the agent passes it on, the operator reads it",
    "payload": "what a payload's files are on disk, what the agent does to them, what `deploy` asks of it",
    "bundle": "one transfer: packed by the operator, unpacked by the agent",
    "claim": "one lock on a swarm's folder: taken by the operator, held by the agent",
    "peers": "the inventory's peers, and the processes that the agent starts of them",
    "fabfile": "where `fab` looks for tasks, and the tasks",
    "lab": "the program, and the class that it runs",
    **dict.fromkeys(
        ("clean", "plan", "report", "schema", "status", "summary"), "the task, and what it prints or has done"
    ),
}


class Import(NamedTuple):
    """One import, wherever it is: a function's, or one for annotations alone."""

    line: int
    target: str
    name: str = ""  # of `from target import name`


Modules = Mapping[str, str]  # module -> source


def program(root: Path = ROOT) -> Dict[str, str]:
    """All modules of the program, by name."""
    found = {}
    paths = [*sorted(root.glob("*.py")), *(path for top in TOPS for path in sorted((root / top).rglob("*.py")))]
    for path in paths:
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


def packages_of(modules: Modules) -> FrozenSet[str]:
    """Those that hold others: their source is that of an `__init__`."""
    return frozenset(name.rpartition(".")[0] for name in modules) - {""}


@lru_cache(maxsize=None)  # several rules ask, and parsing all of the program takes most of a second
def imports_of(module: str, source: str, package: bool = False) -> Tuple[Import, ...]:
    """Every import in a module, in the order of lines. `package`: the source is that of an `__init__`."""
    found: List[Import] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: module.count(".") + 1 - node.level + package] if node.level else []
            target = ".".join([*base, *filter(None, [node.module])])
            found += [Import(node.lineno, target, alias.name) for alias in node.names]
    return tuple(sorted(found))


def room_of(module: str) -> Optional[Room]:
    """The room that a module is in."""
    names = [name for name in ROOMS if within(module, name)]
    return ROOMS[max(names, key=len)] if names else None


def within(module: str, name: str) -> bool:
    """Whether a module is this one, or inside it."""
    return module == name or module.startswith(name + ".")


def crossings(module: str, source: str, package: bool = False) -> List[str]:
    """Where a module leaves its room, as `module:line: what`."""
    room = room_of(module)
    if room is None:
        return [f"{module}:1: it is in no room"]
    found = [
        f"{module}:{one.line}: imports {one.target}"
        for one in imports_of(module, source, package)
        if not _allowed(one, room)
    ]
    return found + ([f"{module}:{line}: {what}" for line, what in _impurities(source)] if room.pure else [])


def _allowed(one: Import, room: Room) -> bool:
    top = one.target.partition(".")[0]
    full = f"{one.target}.{one.name}" if one.name else one.target
    if top in (*TOPS, "tests", "fabfile"):
        # `from peer import core` names a room below the package that it is taken from.
        return full in room.bare or any(within(full, own) for own in room.own)
    if room.pure and top == "random":
        return one.name == "Random"  # chance is handed in; the type alone may be named
    return top in room.stdlib or top in room.others


def _impurities(source: str) -> Iterator[Tuple[int, str]]:
    """Calls that read or write something outside, in a module that only decides."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                yield node.lineno, f"calls {node.func.id}"
            if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                yield node.lineno, f"reads a clock ({ast.unparse(node.func)})"
            if isinstance(node.func, ast.Name) and node.func.id == "Random":
                yield node.lineno, "makes its own chance"


def doors(modules: Modules, library: str) -> List[str]:
    """The modules that import a library."""
    every = ((name, one.target) for name, source in modules.items() for one in imports_of(name, source))
    return list(dict.fromkeys(name for name, target in every if within(target, library)))


def undocumented(modules: Modules) -> List[str]:
    """Modules whose docstring doesn't begin with a line that says what they do."""
    return [name for name, source in modules.items() if len(_first_line(source)) < 12]


def _first_line(source: str) -> str:
    return (ast.get_docstring(ast.parse(source), clean=False) or "").partition("\n")[0]


def too_long(modules: Modules) -> List[str]:
    """Modules of more lines than `MOST_LINES`."""
    return [name for name, source in modules.items() if source.count("\n") > MOST_LINES]


def same_names(modules: Modules) -> List[str]:
    """The last parts of names that several modules have, packages left out."""
    packages = packages_of(modules)
    bases = [name.rpartition(".")[2] for name in modules if name not in packages]
    return sorted({base for base in bases if bases.count(base) > 1})


def cycles(modules: Modules) -> List[str]:
    """Modules that import themselves by way of others, for annotations alone too, each cycle once."""
    edges = arrows(modules)
    found: List[str] = []
    done: FrozenSet[str] = frozenset()
    for name in edges:
        done |= _walk(name, edges, (), done, found)
    return found


def arrows(modules: Modules) -> Dict[str, FrozenSet[str]]:
    """The modules that each module imports, other than itself."""
    packages = packages_of(modules)
    return {name: _imported(name, source, modules, name in packages) for name, source in modules.items()}


def _imported(name: str, source: str, modules: Modules, package: bool) -> FrozenSet[str]:
    wanted = imports_of(name, source, package)
    targets = [f"{one.target}.{one.name}" if f"{one.target}.{one.name}" in modules else one.target for one in wanted]
    return frozenset(target for target in targets if target in modules) - {name}


def _walk(
    name: str, edges: Mapping[str, FrozenSet[str]], path: Sequence[str], done: FrozenSet[str], found: List[str]
) -> FrozenSet[str]:
    """Depth first; what is done when this returns."""
    if name in path:
        found.append(" -> ".join([*path[path.index(name) :], name]))
        return frozenset()
    if name in done:
        return frozenset()
    for target in sorted(edges[name]):
        done |= _walk(target, edges, (*path, name), done, found)
    return done | {name}

"""Packs deploy/agent, and what it imports, into the one script that is fed to a host's Python; or a part of it."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import deploy.agent
from deploy.edge.hosts.packcache import kept

GREETING = b"weft-agent "  # begins the agent's first line, after whatever a login script has printed
OLDEST = (3, 9)

# The first line of standard input tells how many bytes of script follow it. No character in here is special
# within the single quotes of any shell.
BOOT = "import sys;s=sys.stdin.buffer;exec(s.read(int(s.readline())))"

# What BOOT executes. Up to the check of the version it must run on any Python 3; then the modules follow, compressed.
_START = """\
import sys
sys.stdout.write("\\nweft-agent %d.%d.%d\\n" % sys.version_info[:3])
sys.stdout.flush()
if sys.version_info < (3, 9):
    sys.exit(70)
import json, types, zlib
sources = json.loads(zlib.decompress(s.read({size})))
loader = sys.modules["deploy.agent.loader"] = types.ModuleType("deploy.agent.loader")
exec(compile(sources["deploy/agent/loader.py"], "deploy/agent/loader.py", "exec"), loader.__dict__)
loader.install(sources)
from {entry} import main
main()
"""
ALL, FOLLOWING = "deploy.agent.handlers", "deploy.agent.following"  # whose `main` an agent runs
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+([^\n]*))", re.MULTILINE
)
_NAME = re.compile(r"[\w.]+")
_packing = threading.Lock()  # so that it is packed once, however many threads ask
_ROOT = Path(deploy.agent.__file__).parents[2]
_OURS = (
    "deploy.agent",
    "peer.core",
    "peer.edge.capfile",
    "peer.edge.lock",
    "peer.edge.modes",
    "peer.edge.files",
    "peer.edge.ours",
    "peer.edge.pulse",
    "peer.edge.blockhashes",
    "peer.edge.copies",
    "peer.edge.encoding",
    "peer.edge.finish",
    "peer.edge.hashing",
    "peer.edge.holes",
    "peer.edge.scan",
    "peer.edge.traits",
    "peer.edge.trial",
    "peer.edge.wholefile",
)  # what the agent may import of our own; the rest is the standard library


def script(entry: str = ALL) -> bytes:
    """What goes to the agent's standard input before the first request."""
    with _packing:
        return _script(entry)


@lru_cache(maxsize=2)
def _script(entry: str) -> bytes:
    return kept(entry, lambda: _packed(entry))


def _packed(entry: str) -> bytes:
    packed = zlib.compress(json.dumps(sources(entry)).encode(), 9)
    start = _START.format(size=len(packed), entry=entry).encode()
    return b"%d\n" % len(start) + start + packed


def sources(entry: str = ALL) -> dict[str, str]:
    """The modules that `entry` imports, and those that they import: path below the root -> text."""
    found: dict[str, str] = {}
    left = [entry, "deploy.agent.loader"]
    while left:
        path = _path_of(left.pop())
        if path is None or path in found:
            continue
        found[path] = (_ROOT / path).read_text("utf-8")
        left += _imported(found[path])
        left += [".".join(Path(path).parts[:depth]) for depth in range(1, len(Path(path).parts))]  # its packages
    return dict(sorted(found.items()))


def _path_of(module: str) -> str | None:
    """A module's file below the root; None for what isn't a module, such as a function that is imported."""
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if (_ROOT / path).is_file()), None)


def _imported(source: str) -> Iterator[str]:
    """The modules of ours that a source imports, wherever in it; a few names among them are no modules.

    By its text, since parsing some sixty modules would take longer than to log in to a host.
    """
    for module, names, modules in _IMPORT.findall(source):
        found = [module, *(f"{module}.{name}" for name in _NAME.findall(names))] if module else _NAME.findall(modules)
        yield from (name for name in found if name.startswith(_OURS))

"""Packs deploy/agent, and what it imports, to be fed to a host's Python: compiled for ours, sources for others."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import deploy.agent
from deploy.agent.children import ISOLATED
from deploy.edge.hosts.compiling import OUR_MAGIC, compiled
from deploy.edge.hosts.packcache import kept
from peer.edge.codepack import dump

GREETING = b"weft-agent "  # begins the agent's first line, after whatever a login script has printed
OLDEST = (3, 9)

# The first line of standard input tells how many bytes of script follow it. No character in here is special
# within the single quotes of any shell.
BOOT = "import sys;s=sys.stdin.buffer;exec(s.read(int(s.readline())))"
OPTIONS = (*ISOLATED, "-c", BOOT)  # of the Python that becomes an agent

# What BOOT executes. Up to the check of the version it must run on any Python 3. It tells which Python this is, by its
# version and by the magic number of what it compiles; then the modules follow, compressed.
_START = """\
import sys
try:
    from _frozen_importlib_external import MAGIC_NUMBER as magic
except ImportError:
    magic = b""
sys.stdout.write("\\nweft-agent %d.%d.%d " % sys.version_info[:3] + "".join("%02x" % one for one in magic) + "\\n")
sys.stdout.flush()
if sys.version_info < (3, 9):
    sys.exit(70)
import gc, marshal, types, zlib
gc.disable()
pack = marshal.loads(zlib.decompress(s.read(int(s.readline()))))
code, path = types.ModuleType("peer.edge.codepack"), "peer/edge/codepack.py"
kept = pack[path]
exec(marshal.loads(kept) if isinstance(kept, bytes) else compile(kept, path, "exec"), code.__dict__)
sys.modules[code.__name__] = code
code.__loader__ = code.install(pack)
from {entry} import main
gc.freeze()
gc.enable()
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
    "peer.edge.asbefore",
    "peer.edge.capfile",
    "peer.edge.lock",
    "peer.edge.modes",
    "peer.edge.files",
    "peer.edge.ours",
    "peer.edge.pulse",
    "peer.edge.blockhashes",
    "peer.edge.codepack",
    "peer.edge.copies",
    "peer.edge.encoding",
    "peer.edge.exitcode",
    "peer.edge.finish",
    "peer.edge.follow",
    "peer.edge.foundrows",
    "peer.edge.hashing",
    "peer.edge.job",
    "peer.edge.lane",
    "peer.edge.proving",
    "peer.edge.verdicts",
    "peer.edge.holes",
    "peer.edge.scan",
    "peer.edge.stderr",
    "peer.edge.stdout",
    "peer.edge.traits",
    "peer.edge.trial",
    "peer.edge.wholefile",
)  # what the agent may import of our own; the rest is the standard library


def start(entry: str = ALL) -> bytes:
    """What goes to the agent's standard input first; it greets then."""
    text = _START.replace("{entry}", entry).encode()
    return b"%d\n" % len(text) + text


def script(entry: str = ALL, magic: str = OUR_MAGIC) -> bytes:
    """What goes there next, before the first request. `magic`: which Python greeted."""
    with _packing:
        return _script(entry, magic == OUR_MAGIC)


@lru_cache(maxsize=4)
def _script(entry: str, ours: bool) -> bytes:
    return kept(f"{entry}.{'code' if ours else 'sources'}", lambda: _packed(entry, ours))


def _packed(entry: str, ours: bool) -> bytes:
    found = sources(entry)
    packed = zlib.compress(dump(compiled(found, entry) if ours else dict(found)))
    return b"%d\n" % len(packed) + packed


def sources(entry: str = ALL) -> dict[str, str]:
    """The modules that `entry` imports, and those that they import: path below the root -> text."""
    found: dict[str, str] = {}
    left = [entry, "peer.edge.codepack"]
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

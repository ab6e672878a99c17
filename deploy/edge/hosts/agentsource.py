"""Packs deploy/agent into the one script that is fed to a host's Python, and the code that reads it there."""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

import deploy.agent

# Each module after those that it imports: the loader below runs them in this order.
_MODULES = (
    "wire", "children", "watchdog", "paths", "locks", "removal", "logind", "facts", "bundle", "payload", "peers",
    "collect", "clean", "claim", "ports", "follow", "main",
)  # fmt: skip
GREETING = b"weft-agent "  # begins the agent's first line, after whatever a login script has printed
OLDEST = (3, 9)

# The first line of standard input says how many bytes of script follow it. No character in here is special
# within the single quotes of any shell.
BOOT = "import sys;s=sys.stdin.buffer;exec(s.read(int(s.readline())))"

_LOADER = """\
import sys, types, zlib
sys.stdout.write("\\nweft-agent %d.%d.%d\\n" % sys.version_info[:3])
sys.stdout.flush()
if sys.version_info < (3, 9):
    sys.exit(70)
for name, source in eval(zlib.decompress(s.read({size}))):
    module = types.ModuleType(name)
    module.__path__ = []
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)
    exec(compile(source, name, "exec"), module.__dict__)
sys.modules["deploy.agent.main"].main()
"""


@lru_cache(maxsize=1)
def script() -> bytes:
    """What goes to the agent's standard input before the first request."""
    folder = Path(deploy.agent.__file__).parent
    modules = [("deploy", ""), ("deploy.agent", "")]
    modules += [(f"deploy.agent.{name}", (folder / f"{name}.py").read_text("utf-8")) for name in _MODULES]
    packed = zlib.compress(repr(modules).encode(), 9)
    source = _LOADER.format(size=len(packed)).encode()
    return b"%d\n" % len(source) + source + packed

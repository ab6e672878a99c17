"""Compiles modules for the hosts whose Python is of the operator's kind, as packs that they import from memory."""

from __future__ import annotations

import marshal
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER

from deploy.edge.hosts import lean
from peer.edge.codepack import START, Pack

OUR_MAGIC = MAGIC_NUMBER.hex()  # of the Pythons that can run what this one compiles
_known: dict[tuple[str, str, str], lean.Lean] = {}  # of path, text and hints: what agents have in common

# Without the columns of each instruction, which are a quarter of it. Only a Python that begins without them can do so.
_COLUMNLESS = ("-X", "no_debug_ranges")


def compiled(sources: Mapping[str, str], *targets: str, hints: str = "typing") -> Pack:
    """A pack that starts with these modules, the last of them its aim. `sources`: path below the root -> text.

    `hints`: see `lean`.
    """
    known = {path: _known[path, text, hints] for path, text in sources.items() if (path, text, hints) in _known}
    new = {path: text for path, text in sources.items() if path not in known}
    command = [sys.executable, "-I", "-S", *_COLUMNLESS, lean.__file__]
    said = marshal.dumps((new, known, targets, hints), 2)
    made, start, code = marshal.loads(subprocess.run(command, input=said, stdout=subprocess.PIPE, check=True).stdout)
    _known.update(((path, text, hints), made[path]) for path, text in new.items())
    others = {path: made[path][0] for path in sources if path not in start}
    return {START: code, **others}

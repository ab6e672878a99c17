"""Compiles modules for the hosts whose Python is of the operator's kind, as packs that they import from memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER

from peer.edge.codepack import Pack, dump, load

OUR_MAGIC = MAGIC_NUMBER.hex()  # of the Pythons that can run what this one compiles
_known: dict[tuple[str, str], bytes] = {}  # path and text -> code: what agents and peers have in common

# Without the columns of each instruction, which are a quarter of it. Only a Python that begins without them can do so.
_COLUMNLESS = ("-X", "no_debug_ranges")
_PROGRAM = """\
import marshal, sys
pack = marshal.load(sys.stdin.buffer)
code = {path: marshal.dumps(compile(text, path, "exec", dont_inherit=True)) for path, text in pack.items()}
sys.stdout.buffer.write(marshal.dumps(code, 2))
"""


def compiled(sources: Mapping[str, str]) -> Pack:
    """Each module's code, marshalled. `sources`: path below the root -> text."""
    new: Pack = {path: text for path, text in sources.items() if (path, text) not in _known}
    if new:
        _compile(new)
    return {path: _known[path, text] for path, text in sources.items()}


def _compile(new: Pack) -> None:
    command = [sys.executable, "-I", "-S", *_COLUMNLESS, "-c", _PROGRAM]
    ran = subprocess.run(command, input=dump(new), stdout=subprocess.PIPE, check=True)
    for path, code in load(ran.stdout).items():
        assert isinstance(code, bytes)
        _known[path, str(new[path])] = code

"""Packs the peer into the one file that hosts run: the same sources and Python give the same bytes.

What each start reads isn't compressed, because to inflate it takes a tenth of a start; on its way to a host it is.
"""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import peer
from deploy.edge.hosts.compiling import OUR_MAGIC, compiled
from deploy.edge.hosts.packcache import kept
from peer.edge.codepack import CODE, OTHERS, SOURCES, Pack, dump

_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; any fixed one keeps the hash the same
_MAIN = "import sys\nfrom peer.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
_INIT = """\
from _frozen_importlib_external import MAGIC_NUMBER
from peer.edge import codepack
codepack.install_beside(__loader__, MAGIC_NUMBER.hex())
"""
_FIRST = ("peer/edge/__init__.py", "peer/edge/codepack.py")  # what is imported before all else can be
_HEAD = MAGIC_NUMBER + bytes((1, *bytes(11)))  # of a .pyc: a hash, of zeros, that isn't compared with the source
_START = ("peer.edge.exitcode", "peer.edge.loading", "peer.edge.run")  # what a peer loads that is started


@lru_cache(maxsize=1)
def peer_zip() -> bytes:
    """peer.pyz."""
    return kept("peer.pyz", pack)


def pack() -> bytes:
    """The same, packed now: the modules as sources, for every Python, and compiled for ours."""
    root = Path(peer.__file__).parent
    paths = sorted(root.rglob("*.py"))
    sources = {f"peer/{path.relative_to(root).as_posix()}": path.read_text("utf-8") for path in paths}
    first = {"peer/__init__.py": _INIT, **{name: sources[name] for name in _FIRST}}
    code, first_code = compiled(sources, *_START, hints="peer.core.hints"), compiled(first)
    others: Pack = {path: code[path] for path in sources if path in code}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        for name, text in first.items():
            _add(archive, f"{name}c", _HEAD + _code_of(first_code, name))
            _add(archive, name, text.encode())
        _add(archive, SOURCES, dump(dict(sources)))
        _add(archive, OTHERS + OUR_MAGIC, dump(others))
        _add(archive, CODE + OUR_MAGIC, dump({**code, **dict.fromkeys(others)}), zipfile.ZIP_STORED)
    return packed.getvalue()


def _code_of(pack: Pack, path: str) -> bytes:
    code = pack[path]
    assert isinstance(code, bytes)
    return code


def _add(archive: zipfile.ZipFile, name: str, data: bytes, way: int = zipfile.ZIP_DEFLATED) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data, way)

"""Packs the peer into the one file that hosts run: the same sources and Python give the same bytes."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path

import peer
from deploy.edge.hosts.compiling import OUR_MAGIC, compiled
from deploy.edge.hosts.packcache import kept
from peer.edge.codepack import CODE, SOURCES, dump

_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; any fixed one keeps the hash the same
_MAIN = "import sys\nfrom peer.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
_INIT = """\
from _frozen_importlib_external import MAGIC_NUMBER
from peer.edge import codepack
codepack.install_beside(__loader__, MAGIC_NUMBER.hex())
"""
_FIRST = ("peer/edge/__init__.py", "peer/edge/codepack.py")  # what is imported before all else can be


@lru_cache(maxsize=1)
def peer_zip() -> bytes:
    """peer.pyz."""
    return kept("peer.pyz", pack)


def pack() -> bytes:
    """The same, packed now: the modules as sources, for every Python, and compiled for ours."""
    root = Path(peer.__file__).parent
    paths = sorted(root.rglob("*.py"))
    sources = {f"peer/{path.relative_to(root).as_posix()}": path.read_text("utf-8") for path in paths}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        _add(archive, "peer/__init__.py", _INIT.encode())
        for name in _FIRST:
            _add(archive, name, sources[name].encode())
        _add(archive, SOURCES, dump(dict(sources)))
        _add(archive, CODE + OUR_MAGIC, dump(compiled(sources)))
    return packed.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data, zipfile.ZIP_DEFLATED)

"""Packs the peer into the one file that hosts run: the same sources and Python give the same bytes."""

from __future__ import annotations

import importlib.util
import io
import marshal
import zipfile
from functools import lru_cache
from pathlib import Path

import peer
from deploy.edge.hosts.packcache import kept

_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; any fixed one keeps the hash the same
_HASH_BASED = 1  # and unchecked
_MAIN = "import sys\nfrom peer.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"


@lru_cache(maxsize=1)
def peer_zip() -> bytes:
    """peer.pyz."""
    return kept("peer.pyz", pack)


def pack() -> bytes:
    """The same, packed now."""
    root = Path(peer.__file__).parent
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        for path in sorted(root.rglob("*.py")):
            name, source = f"peer/{path.relative_to(root).as_posix()}", path.read_bytes()
            _add(archive, name, source)
            _add(archive, f"{name}c", _compiled(name, source))
    return packed.getvalue()


def _compiled(name: str, source: bytes) -> bytes:
    """A module as Python caches it: a host with our version of Python starts in half the time, others read the source.

    The header (see PEP 552) says that nobody needs to compare it with the source.
    """
    code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
    flags = _HASH_BASED.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + code


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data, zipfile.ZIP_DEFLATED)

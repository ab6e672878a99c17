"""Keeps what takes long to pack, the code for the hosts, in the user's cache folder for the next command."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import deploy.agent

_PACKED = ("deploy", "peer")  # folders of what is packed, and of what packs it
_PROOF = hashlib.sha256().digest_size


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives: the same as the last time, as long as no source of ours, nor this Python, is another.

    It is made anew where no folder is ours alone, or where what was kept is damaged.
    """
    folder = _folder()
    if folder is None:
        return make()
    path = folder / _key() / name
    with contextlib.suppress(OSError):
        proof, data = _cut(path.read_bytes())
        if hashlib.sha256(data).digest() == proof:
            return data
    data = make()
    with contextlib.suppress(OSError):  # a full disk costs time, and nothing else
        _keep(path, data)
    return data


def _keep(path: Path, data: bytes) -> None:
    if not path.parent.exists():
        for other in path.parent.parent.iterdir():  # of an earlier version
            shutil.rmtree(other, ignore_errors=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(hashlib.sha256(data).digest() + data)
    os.replace(part, path)


def _cut(data: bytes) -> tuple[bytes, bytes]:
    return data[:_PROOF], data[_PROOF:]


def _folder() -> Path | None:
    """Ours alone, because all hosts run what it holds; None where there is none."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (home and os.path.join(home, ".cache"))
    if not base or not os.path.isabs(base):
        return None
    folder = Path(base) / "weft"
    try:
        if os.stat(home or base).st_uid != os.geteuid():  # `sudo` with the user's HOME: it isn't root's to fill
            return None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = os.lstat(folder)
    except OSError:
        return None
    ours = facts.st_uid == os.geteuid() and not facts.st_mode & 0o077 and not folder.is_symlink()
    return folder if ours else None


@lru_cache(maxsize=1)
def _key() -> str:
    """Names the sources, and the Python that compiles them."""
    root = Path(deploy.agent.__file__).parents[2]
    sha = hashlib.sha256(f"{sys.version} {sys.implementation.cache_tag}".encode())
    for path in sorted(path for folder in _PACKED for path in (root / folder).rglob("*.py")):
        data = path.read_bytes()
        sha.update(f"{path.relative_to(root)} {len(data)}\n".encode() + data)
    return sha.hexdigest()[:32]

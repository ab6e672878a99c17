"""A .torrent of one file, for the tools that swarm by that protocol (BEP 3)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

from rigs.benchmark.scenarios import GIB, KIB, MIB


class Torrent(NamedTuple):
    """The file's bytes, and the 20 bytes that name it."""

    data: bytes
    info_hash: bytes


def piece_size(size: int) -> int:
    """Bytes a piece: 256 KiB, or 1 MiB from a GiB on. It was the best of 64 KiB to 4 MiB for aria2 and libtorrent."""
    return MIB if size >= GIB else 256 * KIB


def make(payload: Path, announce: str = "") -> Torrent:
    """The torrent of `payload`; `announce`: the tracker's address, "" without one."""
    size = payload.stat().st_size
    info = {
        "length": size,
        "name": payload.name,
        "piece length": piece_size(size),
        "pieces": _piece_hashes(payload, piece_size(size)),
    }
    whole: Dict[str, Any] = {"info": info, **({"announce": announce} if announce else {})}
    return Torrent(bencode(whole), hashlib.sha1(bencode(info)).digest())


def bencode(value: Any) -> bytes:
    """The one spelling of a value in that format. Raises TypeError for what it can't hold."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"
    raise TypeError(f"{type(value).__name__} has no form in a torrent")


def _piece_hashes(payload: Path, length: int) -> bytes:
    hashes: List[bytes] = []
    with open(payload, "rb") as file:
        while data := file.read(length):
            hashes.append(hashlib.sha1(data).digest())
    return b"".join(hashes)

"""The piece map: the file that tells a peer, when it starts again, what it had. Its bytes are written and read here.

It is only ever appended to: a header that names the payload, one record for each stored piece, and now and then a mark
that says how many of the records before it stand for data that was synced to the disk itself. A record that a crash
cut short, or that was damaged, ends the map: what stands before it still holds.
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict, List, NamedTuple, Set, Tuple

_MAGIC = b"WEFTMAP1"
_RECORD = struct.Struct(">I8sI")
_SYNC_MARK = 0xFFFFFFFF
PRINT_BYTES = 8  # of a piece's SHA-256 that a record keeps

HEADER_BYTES = len(_MAGIC) + 32 + 4


class PieceMap(NamedTuple):
    """What a map says. `sure`: pieces that were synced; `prints`: fingerprints of the others, to be hashed again."""

    sure: Set[int]
    prints: Dict[int, bytes]


def header(digest: bytes) -> bytes:
    """The first bytes of a map; `digest`: the 32 bytes that name the payload."""
    head = _MAGIC + digest
    return head + struct.pack(">I", zlib.crc32(head))


def record(piece: int, sha256: bytes) -> bytes:
    """One piece was written."""
    return _sealed(piece, sha256[:PRINT_BYTES])


def sync_mark(records: int) -> bytes:
    """The data of the map's first so many records was synced."""
    return _sealed(_SYNC_MARK, records.to_bytes(PRINT_BYTES, "big"))


def parse(data: bytes, digest: bytes, total: int) -> PieceMap:
    """A map's bytes; an empty PieceMap where they belong to another payload or are damaged from the start."""
    records, synced = _read(data, digest, total)
    sure = {piece for piece, _ in records[:synced]}
    return PieceMap(sure, {piece: fingerprint for piece, fingerprint in records[synced:] if piece not in sure})


def fingerprints(data: bytes, digest: bytes, total: int) -> Dict[int, bytes]:
    """What the hash of each piece in a map begins with, synced or not; empty where `parse` gives an empty PieceMap."""
    return dict(_read(data, digest, total)[0])


def _read(data: bytes, digest: bytes, total: int) -> Tuple[List[Tuple[int, bytes]], int]:
    """All good records up to the first bad one, and how many of them were synced."""
    records: List[Tuple[int, bytes]] = []
    synced = 0
    if data[:HEADER_BYTES] != header(digest):
        return records, synced
    for start in range(HEADER_BYTES, len(data) - _RECORD.size + 1, _RECORD.size):
        piece, fingerprint, _ = _RECORD.unpack_from(data, start)
        if data[start : start + _RECORD.size] != _sealed(piece, fingerprint):
            break
        if piece == _SYNC_MARK:
            synced = int.from_bytes(fingerprint, "big")
        elif piece < total:
            records.append((piece, fingerprint))
    return records, synced


def _sealed(piece: int, fingerprint: bytes) -> bytes:
    body = struct.pack(">I8s", piece, fingerprint)
    return body + struct.pack(">I", zlib.crc32(body))

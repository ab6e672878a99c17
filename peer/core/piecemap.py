"""The piece map: a file by which a peer that starts again finds its pieces. Its bytes are written and read here.

It is only ever appended to: a header that names the payload, then one record for each stored piece. A record that a
crash cut short, or that was damaged, ends the map: the records before it still count. The map lists pieces that were
there, and they may be gone: a peer that reads it hashes the pieces again.
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict

_MAGIC = b"WEFTMAP1"
_RECORD = struct.Struct(">I8sI")
_STEP = _RECORD.size
PRINT_BYTES = 8  # of a piece's SHA-256 that a record keeps

HEADER_BYTES = len(_MAGIC) + 32 + 4


def header(digest: bytes) -> bytes:
    """The first bytes of a map; `digest`: the 32 bytes that identify the payload."""
    head = _MAGIC + digest
    return head + struct.pack(">I", zlib.crc32(head))


def record(piece: int, sha256: bytes) -> bytes:
    """One piece was written."""
    return _sealed(piece, sha256[:PRINT_BYTES])


def length(records: int) -> int:
    """Bytes of a map with so many records."""
    return HEADER_BYTES + records * _RECORD.size


def parse(data: bytes, digest: bytes, total: int) -> Dict[int, bytes]:
    """The first bytes of the hash of each piece in a map; nothing if the map belongs to another payload."""
    records = (_RECORD.unpack_from(data, start) for start in range(HEADER_BYTES, sound_length(data, digest), _STEP))
    return {piece: fingerprint for piece, fingerprint, _ in records if piece < total}


def sound_length(data: bytes, digest: bytes) -> int:
    """Bytes up to the end of the last record that counts; 0 if the map belongs to another payload."""
    if data[:HEADER_BYTES] != header(digest):
        return 0
    for start in range(HEADER_BYTES, len(data), _STEP):
        if len(data) - start < _STEP or data[start : start + _STEP] != _sealed(*_RECORD.unpack_from(data, start)[:2]):
            return start
    return len(data)


def _sealed(piece: int, fingerprint: bytes) -> bytes:
    body = struct.pack(">I8s", piece, fingerprint)
    return body + struct.pack(">I", zlib.crc32(body))

"""The piece map: the file that tells a peer, when it starts again, what it had. Its bytes are written and read here.

It is only ever appended to: a header that names the payload, then one record for each stored piece. A record that a
crash cut short, or that was damaged, ends the map: what comes before it still holds. It says what was there, not that
it still is: whoever reads it hashes the pieces again.
"""

from __future__ import annotations

import struct
import zlib
from typing import Dict

_MAGIC = b"WEFTMAP1"
_RECORD = struct.Struct(">I8sI")
PRINT_BYTES = 8  # of a piece's SHA-256 that a record keeps

HEADER_BYTES = len(_MAGIC) + 32 + 4


def header(digest: bytes) -> bytes:
    """The first bytes of a map; `digest`: the 32 bytes that name the payload."""
    head = _MAGIC + digest
    return head + struct.pack(">I", zlib.crc32(head))


def record(piece: int, sha256: bytes) -> bytes:
    """One piece was written."""
    return _sealed(piece, sha256[:PRINT_BYTES])


def parse(data: bytes, digest: bytes, total: int) -> Dict[int, bytes]:
    """What the hash of each piece in a map begins with; nothing where it belongs to another payload."""
    prints: Dict[int, bytes] = {}
    if data[:HEADER_BYTES] != header(digest):
        return prints
    for start in range(HEADER_BYTES, len(data) - _RECORD.size + 1, _RECORD.size):
        piece, fingerprint, _ = _RECORD.unpack_from(data, start)
        if data[start : start + _RECORD.size] != _sealed(piece, fingerprint):
            break
        if piece < total:
            prints[piece] = fingerprint
    return prints


def _sealed(piece: int, fingerprint: bytes) -> bytes:
    body = struct.pack(">I8s", piece, fingerprint)
    return body + struct.pack(">I", zlib.crc32(body))

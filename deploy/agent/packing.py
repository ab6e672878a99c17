"""Packs bytes for their way to a host, and unpacks them there: zlib at its fastest, as every host waits for it."""

from __future__ import annotations

import zlib
from typing import Iterable, Iterator

_FASTEST = 1
_STEP = 1024 * 1024  # bytes that are unpacked at a time


def pack(data: bytes) -> bytes:
    """The bytes, packed."""
    return zlib.compress(data, _FASTEST)


def unpack(parts: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The `size` bytes that were packed, whatever comes: never more. Raises zlib.error where they are damaged."""
    engine = zlib.decompressobj()
    for part in parts:
        while part and size:
            data = engine.decompress(part, min(size, _STEP))
            part = engine.unconsumed_tail
            size -= len(data)
            yield data
    rest = engine.flush()[:size]  # what it had no room for
    if len(rest) < size:
        raise zlib.error(f"{size - len(rest)} bytes are missing")
    yield rest

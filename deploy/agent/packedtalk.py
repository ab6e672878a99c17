"""What an agent says, packed as one stream, both ends: most of it is like what it said before, and links are scarce.

The other way nothing is packed: payloads go there. Where the line is handed over to something else, the stream ends,
and what follows is as it is.
"""

from __future__ import annotations

import zlib

_FASTEST = 1
MOST = 256 * 1024 * 1024  # bytes that are unpacked in one go: as much as 256 KiB can be


class Packer:
    """The agent's end."""

    def __init__(self) -> None:
        self._engine = zlib.compressobj(_FASTEST, wbits=-zlib.MAX_WBITS)

    def pack(self, data: bytes) -> bytes:
        """The bytes to send for these; they may be held back until `flush`."""
        return self._engine.compress(data)

    def flush(self) -> bytes:
        """With these bytes all that was packed can be read."""
        return self._engine.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        """The last bytes of the stream."""
        return self._engine.flush(zlib.Z_FINISH)


class Unpacker:
    """The operator's end."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)

    def unpack(self, data: bytes) -> bytes:
        """What these bytes say. Raises ValueError."""
        if self._engine.eof:
            return data
        try:
            said = self._engine.decompress(data, MOST)
        except zlib.error as error:
            raise ValueError(f"not packed as an agent's words are: {error}") from None
        if self._engine.unconsumed_tail:
            raise ValueError("it says too much at once")
        return said + self._engine.unused_data

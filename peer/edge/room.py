"""Whether the disk has room for a payload."""

from __future__ import annotations

import os
from typing import Callable

from peer.core.errors import StoreError
from peer.core.manifest import Manifest
from peer.edge.files import free_bytes
from peer.edge.payload import Payload


def check_room(manifest: Manifest, folder: str, begun: str, more: Callable[[], int] = lambda: 0) -> None:
    """`begun`: an incomplete copy in `folder` that goes on, or "". `more`: bytes that the new copy needn't hold again.

    Raises StoreError, OSError.
    """
    free = free_bytes(folder)
    if free is None or free >= manifest.room:
        return  # the disk reports nothing; if it is full, a write will fail
    room = free + (Payload(manifest, begun, os.O_RDONLY).held_bytes() if begun else 0)
    needed = manifest.room if room >= manifest.room else manifest.room - more()
    if room < needed:
        problem = f"the payload needs {needed} bytes and {room} are free"
        raise StoreError(f"{folder}: {problem}; make room there")

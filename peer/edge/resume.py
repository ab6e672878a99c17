"""Whether what has the payload's final name may be, or is, the payload."""

from __future__ import annotations

import os
from typing import Dict, Optional

from peer.core.manifest import Manifest
from peer.edge import copies
from peer.edge.payload import Payload
from peer.edge.verdicts import verdicts


def prints_of(manifest: Manifest, known: Dict[int, bytes]) -> Dict[int, bytes]:
    """Each piece's hash by the manifest or, if that has none, its first bytes from the map of an earlier start."""
    return dict(enumerate(manifest.pieces)) if manifest.pieces else known


def candidate(manifest: Manifest, path: str, prints: Dict[int, bytes]) -> Optional[Payload]:
    """The copy under the final name, if it has the sizes of this payload and `prints` can prove each piece of it."""
    if len(prints) < manifest.piece_count:
        return None
    payload = Payload(manifest, path, os.O_RDONLY)
    return payload if payload.is_there() else None


def is_equal(manifest: Manifest, path: str) -> bool:
    """Whether the copy under the final name is this payload, by the manifest's hashes. Raises OSError."""
    prints = prints_of(manifest, {})
    payload = candidate(manifest, path, prints)
    if not payload:
        return False
    try:
        every = all(right for _, right in verdicts(payload, prints, prints))
        return every and copies.is_right(manifest, path)
    finally:
        payload.close()

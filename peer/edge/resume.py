"""Whether what has the payload's final name may be, or is, the payload."""

from __future__ import annotations

import os
from typing import Dict, Optional

from peer.core.manifest import Manifest
from peer.core.strangers import strangers
from peer.edge import copies
from peer.edge.files import entries_below
from peer.edge.ours.recordfile import RecordFile
from peer.edge.payload import Payload
from peer.edge.verdicts import by_hash, verdicts


def prints_of(manifest: Manifest, known: Dict[int, bytes]) -> Dict[int, bytes]:
    """Each piece's hash by the manifest or, if that has none, its first bytes from the map of an earlier start."""
    return dict(enumerate(manifest.pieces)) if manifest.pieces else known


def candidate(manifest: Manifest, path: str, prints: Dict[int, bytes]) -> Optional[Payload]:
    """The copy under the final name, if it has the sizes of this payload and `prints` can prove each piece of it."""
    if len(prints) < manifest.piece_count:
        return None
    payload = Payload(manifest, path, os.O_RDONLY)
    return payload if payload.is_there() else None


def has_leftovers(manifest: Manifest, path: str, record: RecordFile) -> bool:
    """Whether the tree holds something that Weft made for an earlier version, and this one doesn't have."""
    if not manifest.tree or not os.path.isdir(path):
        return False
    spare = strangers(entries_below(path), manifest.paths)
    return any(record.is_ours(os.path.join(path, below)) for below, _ in spare)


def is_equal(manifest: Manifest, path: str) -> bool:
    """Whether the copy under the final name is this payload, by the manifest's hashes. Raises OSError."""
    prints = prints_of(manifest, {})
    payload = candidate(manifest, path, prints)
    if not payload:
        return False
    try:
        every = all(right for _, right in verdicts(by_hash(payload, prints), prints))
        return every and copies.is_right(manifest, path)
    finally:
        payload.close()

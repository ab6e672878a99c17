"""What a peer that starts again still has: nothing is believed but what has the right hash."""

from __future__ import annotations

import os
from typing import Dict, Optional

from peer.core import bits
from peer.core.manifest import Manifest
from peer.edge import copies
from peer.edge.ours.recordfile import RecordFile
from peer.edge.payload import Payload


def adopt(
    manifest: Manifest, path: str, known: Dict[int, bytes], record: Optional[RecordFile] = None
) -> Optional[Payload]:
    """What is under the final name, if it is this very payload, from an earlier life or run. Raises OSError.

    Its hashes come from the manifest or, where that has none, from an earlier life's map (`known`). Where only modes or
    empty folders differ they are put right, of what is ours by `record`; None where that can't be.
    """
    prints = dict(enumerate(manifest.pieces)) if manifest.pieces else known
    if (not prints and manifest.size) or len(prints) < manifest.piece_count:
        return None
    payload = Payload(manifest, path, os.O_RDONLY)
    if payload.is_there() and matching(payload, prints) == bits.full(manifest.piece_count):
        differences = copies.differences(manifest, path)
        if not differences or (record is not None and copies.put_right(manifest, path, differences, record)):
            return payload
    payload.close()
    return None


def matching(payload: Payload, prints: Dict[int, bytes]) -> int:
    """The set of those pieces whose hash begins so on disk; hashed by as many threads as there are cores."""

    def check(piece: int) -> int:
        wanted = prints[piece]
        return 1 << piece if payload.hash_piece(piece)[: len(wanted)] == wanted else 0

    if not prints:
        return 0
    found = 0
    from concurrent.futures import ThreadPoolExecutor  # only a start over old data needs it, and it is slow to load

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for bit in pool.map(check, prints):
            found |= bit
    return found

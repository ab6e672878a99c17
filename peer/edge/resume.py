"""Finds the pieces that a peer still has when it starts again: only those with the right hash count."""

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
    """The copy under the final name, if it is this payload, from an earlier start or run. Raises OSError.

    Its hashes come from the manifest or, if that has none, from the map of an earlier start (`known`). If only modes or
    empty folders differ, they are corrected in things that are ours by `record`; None if that is impossible.
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
    """The set of pieces whose hash on disk begins as `known` says; as many threads hash as there are cores."""

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

"""The same payload in pieces of another size: its blocks stay what they are, so what is here of them stays, too."""

from __future__ import annotations

from typing import Collection, Iterator, List

from peer.core.manifest import MAX_PIECE, MIN_PIECE, Manifest


def others(manifest: Manifest) -> Iterator[Manifest]:
    """The payload in all other pieces that `auto` may choose. Without hashes nobody could prove what came in them."""
    size = MIN_PIECE
    while manifest.blocks and size <= MAX_PIECE:
        if size != manifest.piece_size and not size % manifest.block:
            yield manifest._replace(piece_size=size)
        size *= 2


def covered(manifest: Manifest, pieces: Collection[int], other: Manifest) -> List[int]:
    """The manifest's pieces of which every block is in one of the `pieces` of the `other`, in order."""
    has = bytearray(manifest.layout.block_count)
    for piece in pieces:
        run = other.layout.blocks_of_piece(piece)
        has[run.begin : run.end] = b"\1" * (run.end - run.begin)
    runs = map(manifest.layout.blocks_of_piece, range(manifest.piece_count))
    return [piece for piece, run in enumerate(runs) if all(has[run.begin : run.end])]

"""The same payload in other pieces: which of them are covered by those that came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peer.core import recut
from peer.core.manifest import Manifest
from tests.core.samples import bare, manifest_of, manifests, payload


def _blocks(manifest: Manifest, piece: int) -> "set[int]":
    return set(range(*manifest.layout.blocks_of_piece(piece)))


@given(manifests(), st.integers(1, 5), st.data())
def test_a_piece_is_covered_if_all_its_blocks_came(manifest: Manifest, times: int, data: st.DataObject) -> None:
    other = manifest._replace(piece_size=times * manifest.block)
    came = data.draw(st.sets(st.sampled_from(range(other.piece_count)))) if other.piece_count else set()
    blocks = {block for piece in came for block in _blocks(other, piece)}
    covered = recut.covered(manifest, came, other)
    assert covered == [piece for piece in range(manifest.piece_count) if _blocks(manifest, piece) <= blocks]


def test_what_automatic_pieces_may_have_been() -> None:
    kib = 1024
    manifest = manifest_of(payload(300 * kib), 128 * kib, block=64 * kib)
    sizes = [other.piece_size // kib for other in recut.others(manifest)]
    assert sizes == [64, 256, 512, 1024, 2048, 4096, 8192, 16384]


def test_only_pieces_that_can_be_proved_are_looked_for() -> None:
    assert list(recut.others(bare(3))) == []
    assert list(recut.others(manifest_of(payload(30), 10))) == []  # no piece that `auto` chooses is made of such blocks

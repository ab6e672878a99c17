"""Where a piece's bytes lie in the payload's files."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.layout import Layout, Segment
from peer.core.manifest import Manifest
from tests.core.fuzz import fuzz
from tests.core.samples import bare, manifests, tree_of

TREE = tree_of([("a", 3), ("b", 0), ("c", 6), ("d", 0), ("e", 1), ("f", 2)], piece_size=4)


@pytest.mark.parametrize(
    ("piece", "begin", "length", "segments"),
    [
        (0, 0, 4, [(0, 0, 3), (2, 0, 1)]),
        (1, 0, 4, [(2, 1, 4)]),
        (2, 0, 4, [(2, 5, 1), (4, 0, 1), (5, 0, 2)]),
        (0, 3, 1, [(2, 0, 1)]),
        (2, 1, 2, [(4, 0, 1), (5, 0, 1)]),
        (0, 0, 0, []),
        (0, 0, 12, [(0, 0, 3), (2, 0, 6), (4, 0, 1), (5, 0, 2)]),
    ],
)
def test_a_tree_of_files_with_empty_ones(
    piece: int, begin: int, length: int, segments: List[Tuple[int, int, int]]
) -> None:
    assert list(Layout(TREE).segments(piece, begin, length)) == [Segment(*segment) for segment in segments]


def test_one_file_is_one_segment() -> None:
    assert list(Layout(bare(3, last=1)).segments(2, 0, 1)) == [Segment(0, 8, 1)]


@pytest.mark.parametrize("files", [[], [("a", 0)], [("a", 0), ("b", 0)]])
def test_an_empty_payload_has_no_segments(files: List[Tuple[str, int]]) -> None:
    assert list(Layout(tree_of(files)).segments(0, 0, 0)) == []


@fuzz
@given(manifests(), st.data())
def test_the_pieces_cover_every_byte_of_every_file_once(manifest: Manifest, data: st.DataObject) -> None:
    layout = Layout(manifest)
    covered = [[0] * entry.size for entry in manifest.files]
    for piece in range(manifest.piece_count):
        length = layout.piece_length(piece)
        assert length == manifest.piece_length(piece)
        cut = data.draw(st.integers(0, length))  # a piece comes in parts
        for segment in (*layout.segments(piece, 0, cut), *layout.segments(piece, cut, length - cut)):
            for place in range(segment.offset, segment.offset + segment.length):
                covered[segment.file][place] += 1
    assert layout.piece_length(manifest.piece_count) == 0
    assert all(count == 1 for file in covered for count in file)

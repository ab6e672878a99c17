"""Where a piece's bytes lie in the payload's files."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.layout import Segment
from peer.core.manifest import Manifest
from tests.core.fuzz import fuzz
from tests.core.samples import bare, manifests, tree_of

TREE = tree_of([("a", 3), ("b", 0), ("c", 6), ("d", 0), ("e", 1), ("f", 2)], piece_size=8, block=4)


@pytest.mark.parametrize(
    ("piece", "begin", "length", "segments"),
    [
        (0, 0, 7, [(0, 0, 3), (2, 0, 4)]),
        (1, 0, 5, [(2, 4, 2), (4, 0, 1), (5, 0, 2)]),
        (0, 2, 2, [(0, 2, 1), (2, 0, 1)]),
        (1, 2, 2, [(4, 0, 1), (5, 0, 1)]),
        (0, 0, 0, []),
        (0, 0, 12, [(0, 0, 3), (2, 0, 6), (4, 0, 1), (5, 0, 2)]),
    ],
)
def test_a_tree_of_files_with_empty_ones(
    piece: int, begin: int, length: int, segments: List[Tuple[int, int, int]]
) -> None:
    assert list(TREE.layout.segments(piece, begin, length)) == [Segment(*segment) for segment in segments]
    assert [TREE.piece_length(index) for index in range(4)] == [7, 5, 0, 0]
    assert [list(TREE.layout.block_lengths(index)) for index in range(2)] == [[3, 4], [2, 1, 2]]


def test_one_file_is_one_segment() -> None:
    assert list(bare(3, last=1).layout.segments(2, 0, 1)) == [Segment(0, 8, 1)]


@given(st.integers(0, 300), st.integers(1, 7), st.integers(1, 7))
def test_the_pieces_of_one_file_are_rows_whether_it_is_alone_or_not(size: int, block: int, blocks: int) -> None:
    piece_size = block * blocks
    alone, first = (
        tree_of([("f", size)], (), piece_size, block),
        tree_of([("f", size), ("g", 1)], (), piece_size, block),
    )
    rows = [min(piece_size, size - begin) for begin in range(0, size, piece_size)]
    assert [alone.piece_length(index) for index in range(alone.piece_count)] == rows
    assert [first.piece_length(index) for index in range(len(rows) - 1)] == rows[:-1]


@pytest.mark.parametrize("files", [[], [("a", 0)], [("a", 0), ("b", 0)]])
def test_an_empty_payload_has_no_segments(files: List[Tuple[str, int]]) -> None:
    assert list(tree_of(files).layout.segments(0, 0, 0)) == []


@fuzz
@given(manifests(), st.data())
def test_the_pieces_cover_every_byte_of_every_file_once(manifest: Manifest, data: st.DataObject) -> None:
    layout = manifest.layout
    covered = [[0] * size for size in manifest.files.sizes]
    for piece in range(manifest.piece_count):
        length = layout.piece_length(piece)
        assert length == manifest.piece_length(piece)
        cut = data.draw(st.integers(0, length))  # a piece comes in parts
        for segment in (*layout.segments(piece, 0, cut), *layout.segments(piece, cut, length - cut)):
            for place in range(segment.offset, segment.offset + segment.length):
                covered[segment.file][place] += 1
    assert layout.piece_length(manifest.piece_count) == 0
    assert all(count == 1 for file in covered for count in file)


@fuzz
@given(manifests())
def test_pieces_are_the_longest_runs_of_complete_blocks(manifest: Manifest) -> None:
    layout, block = manifest.layout, manifest.block
    grid = [(file, begin, min(block, size - begin)) for file, size in enumerate(manifest.files.sizes)
            for begin in range(0, size, block)]  # fmt: skip
    assert len(grid) == layout.block_count
    assert [layout.file_of_block(number) for number in range(len(grid))] == [file for file, _, _ in grid]
    at = 0
    for piece in range(manifest.piece_count):
        run = layout.blocks_of_piece(piece)
        lengths = [length for _, _, length in grid[run.begin : run.end]]
        assert run.begin == at < run.end
        assert list(layout.block_lengths(piece)) == lengths
        assert sum(lengths) == layout.piece_length(piece) <= manifest.piece_size
        assert run.end == len(grid) or sum(lengths) + grid[run.end][2] > manifest.piece_size
        file, begin, _ = grid[run.begin]
        assert next(layout.segments(piece, 0, 1)) == Segment(file, begin, 1)
        at = run.end
    assert at == len(grid)
    for file in range(len(manifest.files)):
        run = layout.blocks_of_file(file)
        assert [number for number, row in enumerate(grid) if row[0] == file] == list(range(run.begin, run.end))

"""Anchors: which blocks have one, which bytes it names, and that it is found in the manifest again."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from peer.core.anchors import EVERY, NEEDLE, ROW_BYTES, SAMPLE, Anchors, anchor_count, format_anchor, probes
from tests.core.samples import payload

BLOCK = 64 * 1024


@pytest.mark.parametrize(
    ("size", "block", "count"),
    [
        (0, BLOCK, 0),
        (7 * BLOCK, BLOCK, 0),
        (7 * BLOCK + 1, BLOCK, 1),
        (8 * BLOCK, BLOCK, 1),
        (16 * BLOCK - 1, BLOCK, 2),
        (2**30, BLOCK, 2048),
        (10_000, 100, 0),
    ],
)
def test_every_eighth_block_has_an_anchor(size: int, block: int, count: int) -> None:
    assert anchor_count(size, block) == count
    assert count * ROW_BYTES <= size // block * 32 // 10 + ROW_BYTES, "a tenth of the hashes, at most"


@pytest.mark.parametrize("block", [SAMPLE, 1000, 10_000, BLOCK, 2**20, 10**7])
def test_a_needle_and_its_sample_lie_in_the_block(block: int) -> None:
    places = probes(block)
    assert 1 <= len(places) <= 32 and places[0] == 0
    assert max(places) + SAMPLE <= min(block, BLOCK)


def samples(data: bytes) -> List[Tuple[int, bytes]]:
    return [(begin, data[begin : begin + SAMPLE]) for begin in probes(len(data))]


RARE = payload(SAMPLE)
STEP = BLOCK // 32
CASES = {
    "the first will do": (RARE + bytes(BLOCK - SAMPLE), 0),
    "after zeros": (bytes(3 * STEP) + RARE + bytes(BLOCK - 3 * STEP - SAMPLE), 3),
    "the most different bytes": (b"aabbccdd" * (BLOCK // 16) + b"aabbccde" * (BLOCK // 16), 16),
    "zeros": (bytes(BLOCK), None),
    "one word again and again": (b"abc" * (BLOCK // 3 + 1), None),
}


@pytest.mark.parametrize("case", CASES)
def test_an_anchor_is_the_first_place_that_is_rare_enough(case: str) -> None:
    data, step = CASES[case]
    data = data[:BLOCK]
    rows = bytes(ROW_BYTES) + format_anchor(BLOCK, samples(data))
    anchors = Anchors([BLOCK, 16 * BLOCK, 0], BLOCK, rows)
    assert list(anchors.files) == [1]
    found = anchors.of_file(1)
    if step is None:
        assert not found
        return
    ((number, anchor),) = found
    assert (number, anchor.begin) == (EVERY, step * STEP)
    sample = data[anchor.begin : anchor.begin + SAMPLE]
    assert anchor.needle == sample[:NEEDLE] and anchor.fits(sample)
    assert not anchor.fits(sample[:-1]) and not anchor.fits(sample[:-1] + bytes([sample[-1] ^ 1]))


def test_without_rows_no_file_has_anchors() -> None:
    assert not list(Anchors([100 * BLOCK], BLOCK, b"").files)

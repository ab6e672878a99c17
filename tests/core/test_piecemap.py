"""The piece map: what a restart learns from a whole map, a torn one, a damaged one and another payload's."""

from __future__ import annotations

import hashlib
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.piecemap import HEADER_BYTES, PRINT_BYTES, PieceMap, header, parse, record, sync_mark
from tests.core.fuzz import fuzz

DIGEST = hashlib.sha256(b"this payload").digest()
OTHER = hashlib.sha256(b"another").digest()
RECORD_BYTES = len(record(0, bytes(32)))
NOTHING = PieceMap(set(), {})


def hash_of(piece: int) -> bytes:
    return hashlib.sha256(bytes([piece % 256])).digest()


def print_of(piece: int) -> bytes:
    return hash_of(piece)[:PRINT_BYTES]


def map_of(*pieces: int, synced: int = 0) -> bytes:
    """A map of these pieces, the first `synced` of which a mark vouches for."""
    records = [record(piece, hash_of(piece)) for piece in pieces]
    mark = [sync_mark(synced)] if synced else []
    return header(DIGEST) + b"".join(records[:synced] + mark + records[synced:])


WHOLE = map_of(3, 0, 4, 1, 5, synced=3)
KNOWN = PieceMap({3, 0, 4}, {1: print_of(1), 5: print_of(5)})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", NOTHING),
        (header(DIGEST), NOTHING),
        (header(DIGEST)[:-1], NOTHING),
        (map_of(7), PieceMap(set(), {7: print_of(7)})),
        (map_of(7, synced=1), PieceMap({7}, {})),
        (WHOLE, KNOWN),
        (map_of(3, 3, 3), PieceMap(set(), {3: print_of(3)})),
        (map_of(3, synced=1) + record(3, hash_of(9)), PieceMap({3}, {})),
        (map_of(1, 2, synced=1) + sync_mark(2), PieceMap({1, 2}, {})),
        (map_of(1) + sync_mark(10**6), PieceMap({1}, {})),
        (map_of(1, 10, 99), PieceMap(set(), {1: print_of(1)})),  # only ten pieces
        (WHOLE + bytes(100), KNOWN),
        (WHOLE + b"\xff" * RECORD_BYTES + record(9, hash_of(9)), KNOWN),
    ],
)
def test_what_a_map_says(data: bytes, expected: PieceMap) -> None:
    assert parse(data, DIGEST, 10) == expected


def test_a_map_of_another_payload_says_nothing() -> None:
    assert parse(WHOLE, OTHER, 10) == NOTHING


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_torn_tail_leaves_what_stands_before_it(length: int) -> None:
    known = parse(WHOLE[:length], DIGEST, 10)
    whole_records = max(0, length - HEADER_BYTES) // RECORD_BYTES
    prefix = [3, 0, 4, None, 1, 5][:whole_records]
    said = known.sure | known.prints.keys()
    assert said == {piece for piece in prefix if piece is not None}
    assert known.sure == ({3, 0, 4} if whole_records >= 4 else set())


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_flipped_byte_ends_the_map_there(place: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= 0x40
    known = parse(bytes(damaged), DIGEST, 10)
    good = max(0, place - HEADER_BYTES) // RECORD_BYTES if place >= HEADER_BYTES else 0
    expected = [3, 0, 4, None, 1, 5][:good]
    assert known.sure | known.prints.keys() == {piece for piece in expected if piece is not None}
    assert all(fingerprint == print_of(piece) for piece, fingerprint in known.prints.items())


@fuzz
@given(st.lists(st.integers(0, 30), max_size=12), st.data())
def test_there_and_back(pieces: List[int], data: st.DataObject) -> None:
    synced = data.draw(st.integers(0, len(pieces)))
    known = parse(map_of(*pieces, synced=synced), DIGEST, 31)
    assert known.sure == set(pieces[:synced])
    assert known.prints == {piece: print_of(piece) for piece in pieces[synced:] if piece not in known.sure}


@fuzz
@given(st.binary(max_size=120), st.integers(0, 40))
def test_any_bytes_are_a_map(data: bytes, total: int) -> None:
    for candidate in (data, header(DIGEST) + data, WHOLE + data):
        known = parse(candidate, DIGEST, total)
        assert all(0 <= piece < total for piece in known.sure | known.prints.keys())
        assert known.sure.isdisjoint(known.prints)

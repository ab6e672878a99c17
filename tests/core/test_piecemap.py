"""The piece map: what a restart learns from a whole map, a torn one, a damaged one and another payload's."""

from __future__ import annotations

import hashlib
from typing import Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.piecemap import HEADER_BYTES, PRINT_BYTES, header, parse, record
from tests.core.fuzz import fuzz

DIGEST = hashlib.sha256(b"this payload").digest()
OTHER = hashlib.sha256(b"another").digest()
RECORD_BYTES = len(record(0, bytes(32)))


def hash_of(piece: int) -> bytes:
    return hashlib.sha256(bytes([piece % 256])).digest()


def print_of(piece: int) -> bytes:
    return hash_of(piece)[:PRINT_BYTES]


def prints_of(*pieces: int) -> Dict[int, bytes]:
    return {piece: print_of(piece) for piece in pieces}


def map_of(*pieces: int) -> bytes:
    return header(DIGEST) + b"".join(record(piece, hash_of(piece)) for piece in pieces)


ORDER = [3, 0, 4, 1, 5]
WHOLE = map_of(*ORDER)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", {}),
        (header(DIGEST), {}),
        (header(DIGEST)[:-1], {}),
        (map_of(7), prints_of(7)),
        (WHOLE, prints_of(*ORDER)),
        (map_of(3, 3, 3), prints_of(3)),
        (map_of(3) + record(3, hash_of(9)), {3: print_of(9)}),
        (map_of(1, 10, 99), prints_of(1)),  # only ten pieces
        (WHOLE + bytes(100), prints_of(*ORDER)),
        (WHOLE + b"\xff" * RECORD_BYTES + record(9, hash_of(9)), prints_of(*ORDER)),
    ],
)
def test_what_a_map_says(data: bytes, expected: Dict[int, bytes]) -> None:
    assert parse(data, DIGEST, 10) == expected


def test_a_map_of_another_payload_says_nothing() -> None:
    assert parse(WHOLE, OTHER, 10) == {}


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_torn_tail_leaves_what_stands_before_it(length: int) -> None:
    whole_records = max(0, length - HEADER_BYTES) // RECORD_BYTES
    assert parse(WHOLE[:length], DIGEST, 10) == prints_of(*ORDER[:whole_records])


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_flipped_byte_ends_the_map_there(place: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] ^= 0x40
    good = (place - HEADER_BYTES) // RECORD_BYTES if place >= HEADER_BYTES else 0
    assert parse(bytes(damaged), DIGEST, 10) == prints_of(*ORDER[:good])


@fuzz
@given(st.lists(st.integers(0, 30), max_size=12))
def test_there_and_back(pieces: List[int]) -> None:
    assert parse(map_of(*pieces), DIGEST, 31) == prints_of(*pieces)


@fuzz
@given(st.binary(max_size=120), st.integers(0, 40))
def test_any_bytes_are_a_map(data: bytes, total: int) -> None:
    for candidate in (data, header(DIGEST) + data, WHOLE + data):
        assert all(0 <= piece < total for piece in parse(candidate, DIGEST, total))

"""The handshake's 32 bytes: every padding and spelling of the ID seen in the wild, and how each is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import handshake
from peer.core.errors import ProtocolError
from peer.core.handshake import CLASSIC_STYLE, Handshake, Style, answer_style, decode, encode, fleet_style, is_fleet
from tests.core.fuzz import fuzz

HEADER = b"P2PFILESHARINGPROJ"
ZEROS = bytes(10)
ASCII_ZEROS = b"0" * 10
TAG = fleet_style(bytes(range(1, 33)))
OTHER_TAG = fleet_style(bytes(range(2, 34)))
KNOWN = frozenset({1001, 1002, 7, 99_999})

# (the bytes behind the header, who it is, how it spells)
TABLE = [
    (ZEROS + b"\0\0\x03\xe9", 1001, Style(ZEROS)),
    (ZEROS + b"\0\0\0\x07", 7, Style(ZEROS)),
    (ZEROS + b"\0\x01\x86\x9f", 99_999, Style(ZEROS)),
    (ZEROS + b"1001", 1001, Style(ZEROS, ascii_id=True)),
    (ZEROS + b"0007", 7, Style(ZEROS, ascii_id=True)),
    (ASCII_ZEROS + b"\0\0\x03\xe9", 1001, Style(ASCII_ZEROS)),
    (ASCII_ZEROS + b"1001", 1001, Style(ASCII_ZEROS, ascii_id=True)),
    (b"\0\0\0\0\0\0\0\0\0\x01" + b"\0\0\x03\xe9", 1001, Style(b"\0\0\0\0\0\0\0\0\0\x01")),
    (b"\xff" * 10 + b"1002", 1002, Style(b"\xff" * 10, ascii_id=True)),
    (b"WEFT\x02\x01\x02\x03\x04\x05" + b"\0\0\x03\xe9", 1001, TAG),
]

REFUSED = [
    (HEADER + ZEROS + b"\0\0\0\0", "names peer 0"),
    (HEADER + ZEROS + b"\0\0\x03\xeb", "names peer 1003"),
    (HEADER + ZEROS + b"1003", "isn't one we expect"),
    (HEADER + ZEROS + b"10 1", "isn't one we expect"),
    (HEADER + ZEROS + b"+007", "isn't one we expect"),
    (HEADER + ZEROS + b"\xff\xff\xff\xff", "names peer 4294967295"),
    (HEADER.lower() + ZEROS + b"\0\0\x03\xe9", "doesn't begin with"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n", "doesn't begin with"),
    (bytes(32), "doesn't begin with"),
    (b"", "doesn't begin with"),
    (HEADER, "18 bytes instead of 32"),
    (HEADER + ZEROS + b"\0\0\x03", "31 bytes instead of 32"),
]


@pytest.mark.parametrize(("rest", "peer", "style"), TABLE)
def test_a_handshake_and_its_bytes(rest: bytes, peer: int, style: Style) -> None:
    data = HEADER + rest
    assert len(data) == handshake.LENGTH
    assert decode(data, KNOWN) == Handshake(peer, style)


@pytest.mark.parametrize(("rest", "peer", "style"), [row for row in TABLE if row[0][10:] != b"0007"])
def test_what_we_write_is_what_they_write(rest: bytes, peer: int, style: Style) -> None:
    assert encode(peer, style) == HEADER + rest


def test_a_classic_peer_sends_true_zeros() -> None:
    assert encode(1001) == b"P2PFILESHARINGPROJ" + bytes(10) + b"\x00\x00\x03\xe9"


@pytest.mark.parametrize("peer", [7, 123, 99_999])
def test_an_id_without_four_digits_has_no_ascii_form(peer: int) -> None:
    assert encode(peer, Style(ZEROS, ascii_id=True)) == encode(peer)


@pytest.mark.parametrize(("data", "reason"), REFUSED)
def test_who_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode(data, KNOWN)


def test_the_dialling_side_knows_whom_it_dialled() -> None:
    with pytest.raises(ProtocolError, match="names peer 1001"):
        decode(encode(1001), (1002,))


@pytest.mark.parametrize(
    ("mine", "theirs", "answer"),
    [
        (CLASSIC_STYLE, Style(ZEROS), Style(ZEROS)),
        (CLASSIC_STYLE, Style(ZEROS, True), Style(ZEROS, True)),
        (CLASSIC_STYLE, Style(ASCII_ZEROS), Style(ASCII_ZEROS)),
        (CLASSIC_STYLE, Style(ASCII_ZEROS, True), Style(ASCII_ZEROS, True)),
        (CLASSIC_STYLE, TAG, Style(ZEROS)),
        (TAG, TAG, TAG),
        (TAG, OTHER_TAG, TAG),  # who reads it sees that it is another swarm
        (TAG, Style(ZEROS), Style(ZEROS)),
        (TAG, Style(ASCII_ZEROS, True), Style(ASCII_ZEROS, True)),
        (TAG, Style(b"\x80" + bytes(9)), Style(ZEROS)),  # some refuse anything but zeros
        (TAG, Style(b"WEFT" + bytes(6)), Style(ZEROS)),  # nearly a tag is none
        (TAG, Style(b"1001" + bytes(6), True), Style(ZEROS, True)),
    ],
)
def test_each_is_answered_in_its_own_style(mine: Style, theirs: Style, answer: Style) -> None:
    assert answer_style(mine, theirs) == answer


@pytest.mark.parametrize(
    "padding", [ZEROS, ASCII_ZEROS, b"\xff" * 10, b"WEFT\0\0\0\0\0\0", b"weft\x01\0\0\0\0\0", b"1001000000"]
)
def test_only_the_exact_tag_is_ours(padding: bytes) -> None:
    assert not is_fleet(Style(padding))


def test_the_tag_names_the_payload() -> None:
    assert is_fleet(TAG) and is_fleet(OTHER_TAG)
    assert TAG != OTHER_TAG
    assert len(TAG.padding) == 10


@fuzz
@given(st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(HEADER.__add__)))
def test_any_bytes_are_a_known_peer_or_one_error(data: bytes) -> None:
    try:
        said = decode(data, KNOWN)
    except ProtocolError:
        return
    assert said.peer_id in KNOWN
    assert decode(encode(said.peer_id, said.style), KNOWN) == said or said.style.ascii_id


@fuzz
@given(st.integers(0, 2**32 - 1), st.binary(min_size=10, max_size=10), st.booleans())
def test_there_and_back(peer: int, padding: bytes, ascii_id: bool) -> None:
    said = decode(encode(peer, Style(padding, ascii_id)), (peer,))
    assert (said.peer_id, said.style.padding) == (peer, padding)

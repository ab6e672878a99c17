"""Parts of pieces: their messages as tables, where their bytes belong, and which blocks needn't travel."""

from __future__ import annotations

import hashlib
from typing import Dict, List, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import bits, messages
from peer.core.errors import ProtocolError
from peer.core.filetable import FileEntry, FileTable
from peer.core.layout import Stretch
from peer.core.manifest import Manifest
from peer.core.messages import Decoder, Message, PieceBody
from peer.core.openpieces import OpenPieces
from peer.core.partmessages import PartStart, part_header
from peer.core.repeats import Repeats
from peer.core.route import Route
from peer.core.treeparts import Sparse, TreeParts
from tests.core.fuzz import fuzz
from tests.core.history import set_of
from tests.core.samples import cut, manifest_of, payload

BLOCK, PIECE = 4, 16
FILE = manifest_of(payload(42), PIECE, block=BLOCK)  # pieces of 4, 4 and 3 blocks, the last of 2 bytes


def hear(data: bytes, step: int = 0, manifest: Manifest = FILE, fleet: bool = True) -> List[object]:
    """What a decoder makes of it; bodies joined."""
    decoder = Decoder(manifest, fleet)
    heard: List[object] = []
    for begin in range(0, len(data), step or len(data)):
        for item in decoder.feed(memoryview(data[begin : begin + (step or len(data))])):
            if not isinstance(item, PieceBody):
                heard.append(item)
            elif isinstance(heard[-1], bytes):
                heard[-1] += bytes(item.data)
            else:
                heard.append(bytes(item.data))
    return heard


REQUESTS = [
    (Message(messages.REQUEST_PART, 0, set_of(0)), "00000006 0a 00000000 80"),
    (Message(messages.REQUEST_PART, 1, set_of(1, 3)), "00000006 0a 00000001 50"),
    (Message(messages.REQUEST_PART, 2, set_of(0, 1, 2)), "00000006 0a 00000002 e0"),
]


@pytest.mark.parametrize(("message", "spelled"), REQUESTS, ids=str)
def test_a_request_for_a_part_and_its_bytes(message: Message, spelled: str) -> None:
    data = bytes.fromhex(spelled)
    assert messages.encode(message, 3) == data
    assert hear(data) == hear(data, 1) == [message]
    with pytest.raises(ProtocolError, match="type 10"):
        hear(data, fleet=False)


@pytest.mark.parametrize(("piece", "blocks", "size"), [(0, [0], 4), (1, [1, 3], 8), (2, [1, 2], 6), (2, [2], 2)])
def test_a_part_and_its_bytes(piece: int, blocks: Sequence[int], size: int) -> None:
    body = payload(size)
    head = part_header(piece, set_of(*blocks), size)
    assert len(head) == 14
    for step in (0, 1, 5):
        assert hear(head + body, step) == [PartStart(piece, set_of(*blocks), size), body]
        assert hear((head + body) * 2 + b"\0\0\0\1\0", step)[-1] == Message(messages.CHOKE)
    with pytest.raises(ProtocolError, match="type 11"):
        hear(head + body, fleet=False)


WRONG = [
    ("00000005 0a 00000000", "request part message of 5 bytes"),
    ("00000008 0a 00000000 800000", "request part message of 8 bytes"),
    ("00000006 0a 00000003 80", "part of piece 3 of 3"),
    ("00000006 0a 00000000 00", "isn't some of its 4 blocks"),
    ("00000006 0a 00000002 10", "isn't some of its 3 blocks"),
    ("0000000a 0b 00000000 00000001 80", "part message of 10 bytes"),
    ("ffffffff 0b 00000000 00000001 80", "part message of 4294967295 bytes"),
    ("0000000e 0b 00000000 00000000 61616161", "with a set of 0 bytes"),
    ("0000000e 0b 00000000 00000003 80000061", "with a set of 3 bytes"),
    ("0000000e 0b 00000000 ffffffff 80616161", "with a set of 4294967295 bytes"),
    ("0000000e 0b 00000003 00000001 80 61616161", "part of piece 3 of 3"),
    ("0000000e 0b 00000000 00000001 00 61616161", "isn't some of its 4 blocks"),
    ("0000000d 0b 00000000 00000001 80 616161", "part of piece 0 with 3 bytes instead of 4"),
    ("0000000f 0b 00000000 00000001 80 6161616161", "part of piece 0 with 5 bytes instead of 4"),
    ("0000000e 0b 00000002 00000001 20 61616161", "part of piece 2 with 4 bytes instead of 2"),
]


@pytest.mark.parametrize(("spelled", "reason"), WRONG)
def test_what_is_wrong_is_one_error_with_the_reason(spelled: str, reason: str) -> None:
    for step in (0, 1):
        with pytest.raises(ProtocolError, match=reason):
            hear(bytes.fromhex(spelled), step)


@fuzz
@given(st.binary(max_size=12), st.integers(8, 12), st.integers(0, 30), st.integers(0, 4))
def test_any_bytes_are_held_within_bounds(tail: bytes, kind: int, length: int, piece: int) -> None:
    data = length.to_bytes(4, "big") + bytes((kind, 0, 0, 0, piece)) + tail
    decoder = Decoder(FILE, fleet=True)
    try:
        for byte in data:
            for _ in decoder.feed(memoryview(bytes((byte,)))):
                pass
            assert len(decoder._held) <= 16 and 0 <= decoder.body_left <= PIECE
    except ProtocolError:
        pass


# ---- where the bytes belong


@pytest.mark.parametrize(
    ("piece", "blocks", "stretches"),
    [
        (0, [0, 1, 2, 3], [(0, 16)]),
        (0, [1, 2], [(4, 8)]),
        (0, [0, 2, 3], [(0, 4), (8, 8)]),
        (2, [0, 2], [(0, 4), (8, 2)]),
        (2, [2], [(8, 2)]),
        (1, [], []),
    ],
)
def test_the_bytes_of_blocks(piece: int, blocks: Sequence[int], stretches: Sequence[Tuple[int, int]]) -> None:
    assert list(FILE.layout.stretches(piece, set_of(*blocks))) == [Stretch(*one) for one in stretches]


SETS = st.integers(0, 15)


@given(st.integers(1, 15), SETS, st.integers(1, 9))
def test_only_what_is_missing_is_written_to_its_place(blocks: int, missing: int, step: int) -> None:
    whole = payload(16)
    came = b"".join(whole[4 * block :][:4] for block in bits.indices(blocks))
    route = Route(FILE.layout, 0, blocks, missing)
    assert (route.size, route.lengths) == (len(came), [4] * bits.count(blocks))
    place = bytearray(16)
    for begin in range(0, len(came), step):
        for at, data in route.places(begin, memoryview(came)[begin : begin + step]):
            place[at : at + len(data)] = data
    written = blocks & missing
    assert bytes(place) == b"".join(whole[4 * n :][:4] if written >> n & 1 else bytes(4) for n in range(4))


def test_blocks_count_by_their_own_hashes() -> None:
    pieces = OpenPieces(FILE)
    right = [FILE.blocks[32 * (4 + block) :][:32] for block in range(4)]
    assert pieces.right(1, set_of(0, 2), right[0] + right[2]) == set_of(0, 2)
    assert pieces.right(1, set_of(0, 2), right[0] + right[1]) == set_of(0)
    assert pieces.right(1, set_of(0, 2), right[0]) == set_of(0), "of the other nothing came"
    assert 1 not in pieces and pieces.missing(1) == set_of(0, 1, 2, 3)
    assert pieces.gain(1, set_of(0)) == set_of(1, 2, 3) == pieces.missing(1)
    assert 1 in pieces and 0 not in pieces
    assert pieces.gain(1, set_of(0, 1, 2, 3)) == 0
    assert 1 not in pieces


# ---- what needn't travel

A, B, C = payload(4, 1), payload(4, 2), payload(4, 3)
ZERO = bytes(4)


def tree(files: Dict[str, bytes], sparse: Sequence[int] = ()) -> Manifest:
    """A tree with this content, four blocks a piece."""
    rows = FileTable.of([FileEntry(path, len(data), 0o644) for path, data in sorted(files.items())])
    parts = [part for _, data in sorted(files.items()) for part in cut(data, BLOCK)]
    hashes = b"".join(hashlib.sha256(part).digest() for part in parts)
    made = TreeParts(sparse=tuple(Sparse(number, 0) for number in sparse))
    return Manifest("tree", True, PIECE, BLOCK, rows, (), hashes, parts=made)


def test_nothing_repeats_in_what_looks_like_chance() -> None:
    repeats = Repeats(FILE)
    assert not repeats.any and not repeats.still and not repeats.partial()
    assert not Repeats(manifest_of(b"", PIECE)).any


def test_zeros_never_travel() -> None:
    repeats = Repeats(manifest_of(A + ZERO * 7 + B + ZERO * 7 + bytes(3), PIECE, block=BLOCK))
    assert [repeats.zeros(piece) for piece in range(5)] == [0b1110, 0b1111, 0b1110, 0b1111, 0b1]
    assert repeats.still == set_of(1, 3, 4)
    assert repeats.partial() == {0: set_of(0), 2: set_of(0)}
    assert repeats.zero_bytes(0) == 14 * 4 + 4  # at most: a last block counts as a full one
    assert not repeats.has_twins


def test_an_odd_end_of_zeros_is_known_where_it_is_likely() -> None:
    assert Repeats(tree({"a": A, "b": bytes(3)})).still == 0, "a hash for every small file would be much"
    assert Repeats(tree({"a": A, "b": bytes(3)}, sparse=[1])).zeros(0) == set_of(1)
    assert Repeats(tree({"a": A, "b": bytes(7)})).zeros(0) == set_of(1, 2)
    assert Repeats(tree({"a": bytes(4), "b": bytes(3)})).zeros(0) == set_of(0), "the end of another file"


def test_equal_blocks_travel_once_to_a_piece_and_equal_pieces_once() -> None:
    manifest = tree({"a": A + B + A + A, "b": C + A + A + b"x", "c": B + B + A + A, "d": b"x"})
    repeats = Repeats(manifest)
    assert list(repeats.equals(0)) == [0, 2, 3, 5, 6, 10, 11] == list(repeats.equals(5))
    assert not repeats.equals(4)
    assert not repeats.equals(7), "what is shorter isn't worth it"
    assert [repeats.twins(piece) for piece in range(4)] == [0b1111, 0b0110, 0b1111, 0]
    assert [repeats.travelling(piece) for piece in range(4)] == [0b0011, 0b1011, 0, 1]
    assert repeats.has_twins and repeats.still == set_of(2) and repeats.partial() == {0: 0b0011, 1: 0b1011}


@given(st.lists(st.sampled_from([A, B, ZERO, b"end"]), max_size=24))
def test_what_travels_is_enough_to_make_all(parts: List[bytes]) -> None:
    files = {f"f{number}": b"".join(parts[number::4]) for number in range(4)}
    manifest = tree(files)
    repeats = Repeats(manifest)
    blocks = [part for _, data in sorted(files.items()) for part in cut(data, BLOCK)]
    known = {bytes(len(block)) for block in blocks}
    for piece in range(manifest.piece_count):
        run = manifest.layout.blocks_of_piece(piece)
        known.update(blocks[run.begin + block] for block in bits.indices(repeats.travelling(piece)))
    assert known >= set(blocks)
    assert repeats.still == sum(1 << piece for piece in range(manifest.piece_count) if not repeats.travelling(piece))

"""The messages' bytes as tables, and the decoder read three ways: whole, byte by byte, with trailing bytes."""

from __future__ import annotations

from typing import Iterator, List, Tuple, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import bits, habits, messages
from peer.core.errors import ProtocolError
from peer.core.manifest import Manifest
from peer.core.messages import Decoder, Habit, Message, PieceBody, PieceStart, encode, piece_header
from tests.core.fuzz import fuzz
from tests.core.history import set_of
from tests.core.samples import bare

TEN = bare(10, piece_size=4, last=2)  # ten pieces, the last of two bytes
EXACT = bare(16, piece_size=4)  # a size that is a multiple of the piece size

TABLE = [
    (Message(messages.CHOKE), "00000001 00"),
    (Message(messages.UNCHOKE), "00000001 01"),
    (Message(messages.INTERESTED), "00000001 02"),
    (Message(messages.NOT_INTERESTED), "00000001 03"),
    (Message(messages.HAVE, 9), "00000005 04 00000009"),
    (Message(messages.BITFIELD, 0), "00000003 05 0000"),
    (Message(messages.BITFIELD, 0b1), "00000003 05 8000"),
    (Message(messages.BITFIELD, 0b10_0000_0010), "00000003 05 4040"),
    (Message(messages.BITFIELD, 0b11_1111_1111), "00000003 05 ffc0"),
    (Message(messages.REQUEST, 5), "00000005 06 00000005"),
]
FLEET_TABLE = [
    (Message(messages.CANCEL, 3), "00000005 08 00000003"),
    (Message(messages.COMPLETE), "00000001 09"),
]
PIECE = ("00000009 07 00000002 61626364", [(2, b"abcd")])
SHORT_PIECE = ("00000007 07 00000009 7a79", [(9, b"zy")])

# What may not come: (bytes, what the reason names).
WRONG = [
    ("00000000 00", "choke message of 0 bytes"),
    ("00000002 00 00", "choke message of 2 bytes"),
    ("00000000 07", "piece message of 0 bytes"),
    ("00000001 0a", "type 10"),
    ("00000001 ff", "type 255"),
    ("ffffffff 07", "piece message of 4294967295 bytes"),
    ("ffffffff 05", "bitfield message of 4294967295 bytes"),
    ("00000004 04 000000", "have message of 4 bytes"),
    ("00000006 06 00000000 00", "request message of 6 bytes"),
    ("00000004 05 ffffff", "bitfield message of 4 bytes"),
    ("00000005 04 0000000a", "have message for piece 10 of 10"),
    ("00000005 04 ffffffff", "have message for piece 4294967295 of 10"),
    ("00000009 07 0000000a 61626364", "piece message for piece 10 of 10"),
    ("00000004 07 000000", "piece message of 4 bytes"),
    ("0000000a 07 00000000 6162636465", "piece message of 10 bytes"),
    ("00000008 07 00000000 616263", "piece 0 with 3 bytes instead of 4"),
    ("00000009 07 00000009 61626364", "piece 9 with 4 bytes instead of 2"),
    ("00000005 07 00000000", "piece 0 with 0 bytes instead of 4"),
]

Heard = Union[Message, Habit, Tuple[int, bytes]]


def listen(decoder: Decoder, chunks: "Iterator[bytes] | List[bytes]") -> Iterator[Heard]:
    """What a decoder makes of these chunks, each piece put together again as (index, bytes)."""
    index, length, body = 0, 0, b""
    for chunk in chunks:
        for item in decoder.feed(memoryview(chunk)):
            if isinstance(item, (Message, Habit)):
                yield item
                continue
            if isinstance(item, PieceStart):
                index, length, body = item.piece, item.length, b""
            else:
                body += bytes(item.data)
                assert item.data, "an empty body says nothing"
            assert len(body) <= length, "more than the piece's length"
            if len(body) == length:
                yield index, body


def in_bytes(data: bytes) -> List[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def read_three_ways(data: bytes, manifest: Manifest, fleet: bool = False) -> List[Heard]:
    """What a decoder hears, which must not depend on how the bytes were cut, nor on what follows."""
    whole = list(listen(Decoder(manifest, fleet), [data]))
    assert list(listen(Decoder(manifest, fleet), in_bytes(data))) == whole
    trailing = bytes.fromhex("00000005 04 000000")  # a have that lacks its last byte
    assert list(listen(Decoder(manifest, fleet), [data + trailing])) == whole
    assert list(listen(Decoder(manifest, fleet), [data + trailing, b"\0"])) == [*whole, Message(messages.HAVE, 0)]
    return whole


@pytest.mark.parametrize(("message", "spelled"), TABLE, ids=str)
def test_a_message_and_its_bytes(message: Message, spelled: str) -> None:
    assert encode(message, 10) == bytes.fromhex(spelled)
    assert read_three_ways(bytes.fromhex(spelled), TEN) == [message]


@pytest.mark.parametrize(("message", "spelled"), FLEET_TABLE, ids=str)
def test_the_fleets_messages_are_known_between_fleet_peers_only(message: Message, spelled: str) -> None:
    data = bytes.fromhex(spelled)
    assert encode(message, 10) == data
    assert read_three_ways(data, TEN, fleet=True) == [message]
    with pytest.raises(ProtocolError, match="type"):
        list(listen(Decoder(TEN), [data]))


@pytest.mark.parametrize(("spelled", "heard"), [PIECE, SHORT_PIECE])
def test_a_piece(spelled: str, heard: "List[Tuple[int, bytes]]") -> None:
    data = bytes.fromhex(spelled)
    [(index, body)] = heard
    assert piece_header(index, len(body)) + body == data
    assert read_three_ways(data, TEN) == heard


def test_a_conversation() -> None:
    spelled = " ".join([*(row[1] for row in TABLE), PIECE[0], *(row[1] for row in TABLE), SHORT_PIECE[0]])
    expected = [row[0] for row in TABLE]
    assert read_three_ways(bytes.fromhex(spelled), TEN) == [*expected, *PIECE[1], *expected, *SHORT_PIECE[1]]


def test_a_piece_is_never_held() -> None:
    decoder = Decoder(bare(2, piece_size=1000, last=1000))
    head = decoder.feed(memoryview(piece_header(1, 1000)))
    assert list(head) == [PieceStart(1, 1000)]
    part = memoryview(bytes(600))
    assert [item.data.obj is part.obj for item in decoder.feed(part) if isinstance(item, PieceBody)] == [True]
    assert decoder.body_left == 400


@pytest.mark.parametrize(("spelled", "reason"), WRONG)
def test_what_is_wrong_is_one_error_with_the_reason(spelled: str, reason: str) -> None:
    data = bytes.fromhex(spelled)
    for chunks in ([data], in_bytes(data), [data + b"\0" * 20]):
        with pytest.raises(ProtocolError, match=reason):
            list(listen(Decoder(TEN), chunks))


@pytest.mark.parametrize("spelled", [wrong for wrong, _ in WRONG if len(bytes.fromhex(wrong)) == 5])
def test_a_wrong_length_is_refused_before_its_bytes_come(spelled: str) -> None:
    with pytest.raises(ProtocolError):
        list(Decoder(TEN).feed(memoryview(bytes.fromhex(spelled))))


def test_an_error_shows_the_bytes_and_the_rule() -> None:
    with pytest.raises(ProtocolError) as caught:
        list(Decoder(TEN).feed(memoryview(bytes.fromhex("00000005 04 0000000a"))))
    assert caught.value.account == (
        "a have message for piece 10 of 10; bytes: 00 00 00 05 04 00 00 00 0a; rule: the last piece is 9"
    )


@pytest.mark.parametrize("spelled", ["00000002 05 ff", "00000005 06 ffffffff"])
def test_between_fleet_peers_there_is_no_such_habit(spelled: str) -> None:
    with pytest.raises(ProtocolError):
        list(listen(Decoder(TEN, fleet=True), [bytes.fromhex(spelled)]))


@pytest.mark.parametrize(
    ("spelled", "pieces", "habit"),
    [
        ("00000003 05 ffff", range(10), ""),  # spare bits are ignored
        ("00000003 05 803f", [0], ""),  # also where nothing else is set in their byte
        ("00000003 05 ff3f", range(8), ""),  # eight pieces and all spare bits: nothing is clean the other way round
        ("00000001 05", [], habits.SHORT_BITFIELD),
        ("00000002 05 a0", [0, 2], habits.SHORT_BITFIELD),
        ("00000003 05 ff03", range(10), habits.LOW_BIT_FIRST),
        ("00000003 05 0501", [0, 2, 8], habits.LOW_BIT_FIRST),
    ],
)
def test_bitfields_as_some_write_them(spelled: str, pieces: List[int], habit: str) -> None:
    heard = [Habit(habit)] if habit else []
    assert read_three_ways(bytes.fromhex(spelled), TEN) == [*heard, Message(messages.BITFIELD, set_of(*pieces))]


def test_a_request_behind_the_end_is_ignored_and_told_of_once() -> None:
    data = bytes.fromhex("00000005 06 0000000a 00000005 06 ffffffff 00000005 06 00000009")
    assert read_three_ways(data, TEN) == [Habit(habits.AFTER_END), Message(messages.REQUEST, 9)]


@pytest.mark.parametrize(
    ("spelled", "heard"),
    [
        ("00000003 05 ffff", [Message(messages.BITFIELD, bits.full(16))]),
        ("00000004 05 ffff80", [Message(messages.BITFIELD, bits.full(16))]),  # it counts a seventeenth piece
        ("00000005 04 00000010", []),  # ... says that it has it
        ("00000005 07 00000010", []),  # ... sends it
        ("00000005 06 00000010", [Message(messages.REQUEST, 16)]),  # ... and asks for it, which wants an answer
    ],
)
def test_some_peers_count_an_empty_piece_behind_an_exact_multiple(spelled: str, heard: List[Heard]) -> None:
    assert read_three_ways(bytes.fromhex(spelled), EXACT) == heard


@pytest.mark.parametrize("spelled", ["00000005 04 00000011", "00000006 07 00000010 61", "00000005 05 ffff8000"])
def test_but_they_count_one_and_it_is_empty(spelled: str) -> None:
    with pytest.raises(ProtocolError):
        list(listen(Decoder(EXACT), [bytes.fromhex(spelled)]))


def test_an_empty_payload_has_an_empty_bitfield() -> None:
    spelled = bytes.fromhex("00000001 05")
    assert encode(Message(messages.BITFIELD), 0) == spelled
    for chunks in ([spelled], in_bytes(spelled)):
        assert list(listen(Decoder(bare(0)), chunks)) == [Message(messages.BITFIELD)]
    with pytest.raises(ProtocolError, match="piece 1 of 0"):
        list(listen(Decoder(bare(0)), [bytes.fromhex("00000005 04 00000001")]))


# ---- any bytes at all

MANIFESTS = st.builds(bare, st.integers(0, 40), st.just(4), st.integers(1, 4))
# Bytes that get somewhere: right lengths and types more often than chance would make them.
LIKELY = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.builds(lambda kind: bytes((0, 0, 0, 1, kind)), st.integers(0, 10)),
        st.builds(lambda kind, index: bytes((0, 0, 0, 5, kind, 0, 0, 0, index)), st.integers(0, 9), st.integers(0, 45)),
        st.builds(lambda index, body: piece_header(index, len(body)) + body, st.integers(0, 45), st.binary(max_size=5)),
        st.builds(lambda field: bytes((0, 0, 0, 1 + len(field), 5)) + field, st.binary(max_size=6)),
    ),
    max_size=6,
).map(b"".join)


def cut_at(data: bytes, places: List[int]) -> List[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in zip(marks, marks[1:])]


def outcome(decoder: Decoder, chunks: List[bytes]) -> Tuple[List[Heard], str]:
    """What is heard until the end or the error, and the error's reason."""
    heard: List[Heard] = []
    try:
        for item in listen(decoder, chunks):
            heard.append(item)
    except ProtocolError as error:
        return heard, str(error)
    return heard, ""


@fuzz
@given(LIKELY, MANIFESTS, st.booleans(), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_are_messages_or_one_error_however_they_are_cut(
    data: bytes, manifest: Manifest, fleet: bool, places: List[int]
) -> None:
    expected = outcome(Decoder(manifest, fleet), [data])
    assert outcome(Decoder(manifest, fleet), cut_at(data, places)) == expected
    assert outcome(Decoder(manifest, fleet), in_bytes(data)) == expected


@fuzz
@given(st.lists(LIKELY, max_size=5), MANIFESTS)
def test_what_the_decoder_holds_is_bounded_by_the_bitfield(chunks: List[bytes], manifest: Manifest) -> None:
    decoder = Decoder(manifest)
    bound = max(9, 5 + bits.wire_length(manifest.piece_count + 1))
    for chunk in chunks:
        try:
            for _ in decoder.feed(memoryview(chunk)):
                pass
        except ProtocolError:
            break
        assert len(decoder._held) <= bound
        assert 0 <= decoder.body_left <= manifest.piece_size


@fuzz
@given(st.data(), st.integers(1, 70), st.booleans())
def test_what_is_encoded_is_decoded(data: st.DataObject, total: int, fleet: bool) -> None:
    manifest = bare(total, last=3)
    indexed = [messages.HAVE, messages.REQUEST] + [messages.CANCEL] * fleet
    empty = [*range(4)] + [messages.COMPLETE] * fleet
    message = st.one_of(
        st.sampled_from(empty).map(Message),
        st.builds(Message, st.sampled_from(indexed), st.integers(0, total - 1), st.just(0)),
        st.builds(Message, st.just(messages.BITFIELD), st.integers(0, bits.full(total)), st.just(0)),
    )
    sent = data.draw(st.lists(message, max_size=6))
    assert read_three_ways(b"".join(encode(one, total) for one in sent), manifest, fleet) == sent

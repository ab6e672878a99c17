"""Pairs of real cores over a fake wire: every profile with every other, every size and cut, sloppy partners."""

from __future__ import annotations

from typing import Callable, Dict, List

import pytest

from peer.core import bits, messages
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.eventlog import parse_line
from peer.core.handshake import Style
from peer.core.manifest import Manifest
from peer.core.messages import Message
from peer.core.swarmfile import CLASSIC, FLEET
from tests.core import wire
from tests.core.history import set_of
from tests.core.samples import manifest_of, payload
from tests.core.wire import PATIENCE, Cut, Say, Wire, Wish, say_properly

PIECE = 8
SIZES = {"empty": 0, "one byte": 1, "one piece": PIECE, "exact multiple": 6 * PIECE, "short last": 6 * PIECE + 3}
PROFILES = [(CLASSIC, CLASSIC), (FLEET, FLEET), (CLASSIC, FLEET), (FLEET, CLASSIC)]
CUTS = dict(wire.cuts())


def join(one: Wish, other: Wish, size: int = 6 * PIECE + 3, cut: "Cut | None" = None) -> Wire:
    """Run a pair to its end; the first has all of the payload unless its wish says otherwise."""
    data = payload(size)
    manifest = manifest_of(data, PIECE)
    if not one.here:
        one = one._replace(here=bits.full(manifest.piece_count))
    pair = Wire(one, other, manifest, data, cut)
    pair.run()
    return pair


def assert_equal_and_left(pair: Wire, size: int = 6 * PIECE + 3) -> None:
    for end in pair.ends:
        assert end.payload == payload(size)
        assert end.left and end.left.code == EXIT_OK and end.left.reason == ""
        assert not end.dropped
    assert pair.closed == ""
    assert pair.now < PATIENCE


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profiles", PROFILES, ids=str)
def test_every_profile_every_size_every_cut(profiles: "tuple[str, str]", size: str, cut: str) -> None:
    pair = join(Wish(profiles[0]), Wish(profiles[1]), SIZES[size], CUTS[cut])
    assert_equal_and_left(pair, SIZES[size])
    total = pair.one.manifest.piece_count
    assert sum("has downloaded the piece" in line for line in pair.other.log) == total
    assert pair.other.log.count("Peer 1002 has downloaded the complete file.") == 1


@pytest.mark.parametrize("profiles", PROFILES, ids=str)
def test_each_has_what_the_other_lacks(profiles: "tuple[str, str]") -> None:
    pair = join(Wish(profiles[0], here=set_of(0, 2, 4)), Wish(profiles[1], here=set_of(1, 3, 5, 6)))
    assert_equal_and_left(pair)


@pytest.mark.parametrize("profiles", PROFILES, ids=str)
def test_both_have_all_of_it(profiles: "tuple[str, str]") -> None:
    full = bits.full(7)
    pair = join(Wish(profiles[0], here=full), Wish(profiles[1], here=full))
    assert_equal_and_left(pair)
    assert not any("downloaded" in line for line in pair.one.log + pair.other.log)


@pytest.mark.parametrize("profiles", PROFILES, ids=str)
def test_both_lack_the_same(profiles: "tuple[str, str]") -> None:
    pair = join(Wish(profiles[0], here=set_of(0, 1)), Wish(profiles[1], here=set_of(1, 2)))
    for end in pair.ends:
        assert sorted(end.pieces) == [0, 1, 2]
        assert end.left and end.left.code == EXIT_INCOMPLETE
        assert end.left.reason.startswith("incomplete: 4 of 7 pieces missing, 4 of them nowhere; ")


def test_the_log_of_a_classic_pair_is_made_of_exact_lines_in_their_order() -> None:
    pair = join(Wish(), Wish(), size=1)
    assert pair.other.log == [
        "Peer 1002 makes a connection to Peer 1001.",
        "Peer 1002 received the 'have' message from 1001 for the piece 0.",
        "Peer 1002 received the 'not interested' message from 1001.",
        "Peer 1002 is unchoked by 1001.",
        "Peer 1002 has downloaded the piece 0 from 1001. Now the number of pieces it has is 1.",
        "Peer 1002 has downloaded the complete file.",
    ]
    assert pair.one.log == [
        "Peer 1001 is connected from Peer 1002.",
        "Peer 1001 received the 'interested' message from 1002.",
        "Peer 1001 has the preferred neighbors 1002.",
        "Peer 1001 received the 'have' message from 1002 for the piece 0.",
        "Peer 1001 received the 'not interested' message from 1002.",
    ]
    assert all(parse_line(f"2026-01-01 00:00:00: {line}") for line in pair.one.log + pair.other.log)


@pytest.mark.parametrize("kind", [messages.CANCEL, messages.COMPLETE])
def test_a_fleet_peer_uses_no_word_of_its_own_with_a_classic_one(kind: int) -> None:
    heard: List[int] = []

    def listen(message: Message, manifest: Manifest) -> List[bytes]:
        heard.append(message.type)
        return say_properly(message, manifest)

    join(Wish(FLEET, say=listen), Wish(CLASSIC))
    join(Wish(CLASSIC), Wish(FLEET, say=listen))
    assert heard and kind not in heard


# ---- partners that bend the protocol; we stay polite, and both get the payload


def no_bitfield(message: Message, manifest: Manifest) -> List[bytes]:
    """It tells what it has by haves alone."""
    if message.type != messages.BITFIELD:
        return say_properly(message, manifest)
    return [
        messages.encode(Message(messages.HAVE, index), manifest.piece_count) for index in bits.indices(message.value)
    ]


def haves_before_the_bitfield(message: Message, manifest: Manifest) -> List[bytes]:
    return (no_bitfield(message, manifest) if message.type == messages.BITFIELD else []) + say_properly(
        message, manifest
    )


def everything_twice(message: Message, manifest: Manifest) -> List[bytes]:
    """Haves, interest, chokes and the bitfield, twice each; requests once."""
    return say_properly(message, manifest) * (1 if message.type == messages.REQUEST else 2)


def spare_bits_set(message: Message, manifest: Manifest) -> List[bytes]:
    (data,) = say_properly(message, manifest)
    spare = -manifest.piece_count % 8
    if message.type == messages.BITFIELD and spare:
        data = data[:-1] + bytes([data[-1] | (1 << spare) - 1])
    return [data]


def never_not_interested(message: Message, manifest: Manifest) -> List[bytes]:
    return [] if message.type == messages.NOT_INTERESTED else say_properly(message, manifest)


def counts_one_more_piece(message: Message, manifest: Manifest) -> List[bytes]:
    """Where the size is an exact multiple it counts an empty piece at the end, has it, and asks for it."""
    said = say_properly(message, manifest)
    if message.type == messages.BITFIELD:
        total = manifest.piece_count
        said = [messages.encode(message, total + 1)] if message.value else said
    if message.type == messages.INTERESTED:
        said += [messages.encode(Message(messages.REQUEST, manifest.piece_count), manifest.piece_count)]
    if message.type == messages.HAVE:
        said += [messages.encode(Message(messages.HAVE, manifest.piece_count), manifest.piece_count)]
        said += [messages.piece_header(manifest.piece_count, 0)]
    return said


SLOPPY: Dict[str, Say] = {
    "no bitfield": no_bitfield,
    "haves before the bitfield": haves_before_the_bitfield,
    "everything twice": everything_twice,
    "spare bits set": spare_bits_set,
    "never not interested": never_not_interested,
}
STYLES = [
    Style(bytes(10)),
    Style(b"0" * 10),
    Style(bytes(10), ascii_id=True),
    Style(b"0" * 10, ascii_id=True),
    Style(b"\x01" * 10),
]


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
@pytest.mark.parametrize("say", SLOPPY)
def test_a_sloppy_seed_and_a_sloppy_leecher(say: str, profile: str) -> None:
    assert_equal_and_left(join(Wish(CLASSIC, say=SLOPPY[say]), Wish(profile)))
    assert_equal_and_left(join(Wish(profile), Wish(CLASSIC, say=SLOPPY[say])))


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_partner_that_counts_one_more_empty_piece(profile: str) -> None:
    size = 6 * PIECE
    assert_equal_and_left(join(Wish(CLASSIC, say=counts_one_more_piece), Wish(profile), size), size)
    assert_equal_and_left(join(Wish(profile), Wish(CLASSIC, say=counts_one_more_piece), size), size)


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_partner_with_another_handshake(style: Style, profile: str) -> None:
    assert_equal_and_left(join(Wish(CLASSIC, style=style), Wish(profile)))
    assert_equal_and_left(join(Wish(profile), Wish(CLASSIC, style=style)))


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_partner_that_forgets_a_request_now_and_then_is_asked_again(profile: str) -> None:
    assert_equal_and_left(join(Wish(CLASSIC, forgets=3), Wish(profile)))


# ---- partners that break it


def flip(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


@pytest.mark.parametrize("profile", [CLASSIC, FLEET])
def test_a_flipped_byte_is_never_stored_and_its_sender_named(profile: str) -> None:
    pair = join(Wish(profile, spoil=flip), Wish(profile))
    assert pair.other.pieces == {}
    assert pair.other.core.bad_pieces >= 1
    assert "from 1001 has the wrong hash" in pair.closed
    assert not any("has downloaded" in line for line in pair.other.log)


def shorten(body: bytes) -> bytes:
    return body[:-1]


def lengthen(body: bytes) -> bytes:
    return body + bytes(PIECE)


@pytest.mark.parametrize("spoil", [shorten, lengthen])
def test_a_piece_of_a_wrong_length_closes_the_connection_with_a_reason(spoil: Callable[[bytes], bytes]) -> None:
    pair = join(Wish(spoil=spoil), Wish())
    assert pair.other.pieces == {}
    assert pair.closed.startswith("protocol error: ")


def rubbish(_: Message, __: Manifest) -> List[bytes]:
    return [b"\xff" * 9]


def test_rubbish_closes_the_connection_with_a_reason_and_both_end() -> None:
    pair = join(Wish(say=rubbish), Wish())
    assert pair.closed == "protocol error: message type 255 doesn't exist"
    assert pair.other.left and "1001 unreachable: protocol error" in pair.other.left.reason
    assert pair.one.left

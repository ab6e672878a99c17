"""What is fuzzed: each reader of bytes that others wrote, as a function of bytes that may raise nothing.

A reader's own error is what it should raise, and is caught here. Whatever is read without an error must hold together:
written and read again it is the same, names stay below their folder, and nothing depends on how a stream was cut.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from peer.core import (
    bits,
    config,
    eventlog,
    followline,
    handshake,
    manifestjson,
    messages,
    partmessages,
    piecemap,
    status,
    swarmfile,
)
from peer.core.errors import ConfigError, ProtocolError
from peer.core.handshake import CLASSIC_STYLE
from peer.core.manifest import Manifest, bare_manifest
from peer.core.messages import Decoder, Habit, Message, PieceBody, PieceStart
from peer.core.partmessages import PartStart

Words = Tuple[bytes, ...]


class Target(NamedTuple):
    """One reader. `share`: thousandths of all inputs; `most`: bytes of an input; `words`: those of its format."""

    run: Callable[[bytes], None]
    share: int
    most: int
    words: Words = ()
    structured: bool = False  # it reads JSON: inputs are changed as trees too


DIGEST = hashlib.sha256(b"what the fuzzed swarm carries").digest()
KNOWN = (1001, 1002, 70_000)


def read_handshake(data: bytes) -> None:
    """32 bytes of a neighbour, and what we would answer."""
    try:
        heard = handshake.decode(data, KNOWN)
    except ProtocolError:
        return
    assert heard.peer_id in KNOWN
    for mine in (CLASSIC_STYLE, handshake.fleet_style(DIGEST)):
        answer = handshake.encode(1001, handshake.answer_style(mine, heard.style))
        assert len(answer) == handshake.LENGTH
        assert handshake.decode(answer, (1001,)).peer_id == 1001


# ---- messages

PAYLOADS = (
    *(bare_manifest("f", size, 4) for size in (0, 3, 38, 64, 1199)),
    bare_manifest("f", 61, 20)._replace(block=2),  # pieces of ten blocks, and one of a byte
)


def read_messages(data: bytes) -> None:
    """Byte 0: payload and profile; byte 1: how many of the next bytes are places to cut at; then the stream."""
    payload, fleet = (
        PAYLOADS[(data[0] >> 1) % len(PAYLOADS)] if data else PAYLOADS[0],
        bool(data[:1] > b"\x7f"),
    )
    places = data[2 : 2 + (data[1] % 8 if len(data) > 1 else 0)]
    stream = data[2 + len(places) :]
    marks = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    parts = [stream[begin:end] for begin, end in zip(marks, marks[1:])]
    assert _heard(payload, fleet, parts) == _heard(payload, fleet, [stream])


def _heard(payload: Manifest, fleet: bool, parts: List[bytes]) -> List[Any]:
    """All messages and complete pieces, and the reason where an error ended them; memory stays bounded meanwhile."""
    decoder = Decoder(payload, fleet)
    found: List[Any] = []
    most_blocks = bits.wire_length(min(payload.layout.block_count, payload.piece_size))
    bound = max(partmessages.LEAST_HEAD + most_blocks, 5 + bits.wire_length(payload.piece_count + 1))
    bound = max(bound, 5 + messages.MOST_ROLL) if fleet else bound
    for part in parts:
        try:
            for item in decoder.feed(memoryview(part)):
                _note(item, payload, found)
        except ProtocolError as error:
            return [*found, str(error)]
        assert len(decoder._held) <= bound
        assert 0 <= decoder.body_left <= payload.piece_size
    return found


def _note(item: object, payload: Manifest, found: List[Any]) -> None:
    if isinstance(item, PieceBody):
        start, body = found[-1]
        found[-1] = (start, body + bytes(item.data))
        assert len(body) + len(item.data) <= start.length
    elif isinstance(item, PieceStart):
        assert item.length == payload.piece_length(item.piece)
        found.append((item, b""))
    elif isinstance(item, PartStart):
        assert item.length == sum(one.length for one in payload.layout.stretches(item.piece, item.blocks)) > 0
        found.append((item, b""))
    elif isinstance(item, Habit):
        assert item not in found, "once a connection"
        found.append(item)
    else:
        assert isinstance(item, Message)
        sets = {messages.BITFIELD: payload.piece_count, messages.ROLL: 8 * messages.MOST_ROLL}
        most = bits.full(sets[item.type]) if item.type in sets else payload.piece_count
        assert 0 <= item.value <= most
        assert bool(item.blocks) == (item.type == messages.REQUEST_PART)
        found.append(item)


# ---- files


def read_common(data: bytes) -> None:
    """Common.cfg."""
    try:
        common = config.parse_common(_text(data))
    except ConfigError:
        return
    assert config.parse_common(config.format_common(common)) == common
    assert os.path.basename(common.file_name) == common.file_name
    bare = bare_manifest(common.file_name, common.file_size, common.piece_size)
    assert bare.piece_count <= config.MAX_PIECES


def read_peer_info(data: bytes) -> None:
    """PeerInfo.cfg."""
    try:
        rows = config.parse_peer_info(_text(data))
    except ConfigError:
        return
    assert config.parse_peer_info(config.format_peer_info(rows)) == rows
    assert all(config.row_of(rows, row.peer_id) is row for row in rows)


def read_swarm(data: bytes) -> None:
    """swarm.json."""
    try:
        swarm = swarmfile.parse_swarm(_text(data))
    except ConfigError:
        return
    assert swarmfile.parse_swarm(swarmfile.format_swarm(swarm)) == swarm
    _check_manifest(swarm.manifest)


def read_manifest(data: bytes) -> None:
    """The manifest alone, as a JSON object."""
    try:
        fields = json.loads(_text(data))
    except (ValueError, RecursionError):
        return
    try:
        made = manifestjson.from_json(fields, "fuzz")
    except ConfigError:
        return
    assert manifestjson.from_json(json.loads(json.dumps(manifestjson.to_json(made))), "fuzz") == made
    _check_manifest(made)


def _check_manifest(made: Manifest) -> None:
    """It names itself, counts its pieces, and no name in it leaves the payload's folder."""
    assert len(made.digest) == 32
    assert len(made.pieces) == made.piece_count
    assert sum(map(made.piece_length, range(made.piece_count))) == made.size
    assert all(len(made.file_id(number)) == 64 for number in range(len(made.files)))
    leaves = set(made.leaves)
    for path in (made.name, *made.paths):
        assert leaves.isdisjoint(path[:end] for end, letter in enumerate(path) if letter == "/"), "below a link or file"
        assert path and os.path.normpath(path) == path
        assert not os.path.isabs(path) and os.pardir not in path.split("/")


def read_map(data: bytes) -> None:
    """A piece map. After a byte below 128, the rest as it is; else records of twelve bytes, with right checksums."""
    total = data[0] % 64 if data else 0
    text = data[1:] if data[:1] < b"\x80" else piecemap.header(DIGEST) + _sealed(data[1:])
    prints = piecemap.parse(text, DIGEST, total)
    assert all(0 <= piece < total for piece in prints)
    assert all(len(beginning) == piecemap.PRINT_BYTES for beginning in prints.values())


def _sealed(records: bytes) -> bytes:
    parts = (records[begin : begin + 12] for begin in range(0, len(records) - 11, 12))
    return b"".join(piecemap._sealed(int.from_bytes(part[:4], "big"), part[4:]) for part in parts)


def read_status(data: bytes) -> None:
    """A status file."""
    try:
        known = status.parse_status(_text(data))
    except ValueError:
        return
    assert status.parse_status(status.format_status(known)) == known
    rows = [known._replace(neighbours=()), *known.neighbours]
    values = [(value, default) for row, sample in zip(rows, _SAMPLES) for value, default in zip(row, sample)]
    assert all(type(value) in (type(default), int) for value, default in values if value is not None)
    assert known.updated - known.updated == 0, "a number that can be reckoned with"


_LEAST_STATUS = status.Status(1, "", status.CHECKING, "", False, 1, 1, 0, 0, 0, optimistic=0, exit_code=0)
_SAMPLES = (_LEAST_STATUS, *[status.Neighbour(0, False)] * 64)


def read_log_line(data: bytes) -> None:
    """A line of an event log."""
    entry = eventlog.parse_line(_text(data))
    if entry is not None:
        assert eventlog.parse_line(f"{entry.time}: {eventlog.format_entry(entry)}") == entry


def read_follow_line(data: bytes) -> None:
    """A line of what `peer follow` streams."""
    try:
        line = followline.parse_line(_text(data))
    except ValueError:
        return
    if line is not None:
        assert followline.parse_line(followline.format_line(line)) == line


def read_inventory(data: bytes) -> None:
    """The operator's inventory.yaml, and what every plan is made of."""
    from deploy.core.inventory import InventoryError, parse_inventory  # slow to load, and for this target alone
    from deploy.core.placement import final_path
    from deploy.core.plan import facts_of

    try:
        inventory = parse_inventory(_text(data))
    except InventoryError as error:
        assert error.problems
        assert all(line.isprintable() for line in str(error).split("\n"))
        return
    assert facts_of(inventory).name == inventory.swarm.payload.name
    assert all(final_path(inventory, peer) for peer in inventory.chosen_peers)
    assert {peer.host for peer in inventory.chosen_peers} == set(inventory.selected)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json_words(*names: str) -> Words:
    keys = [f'"{name}":'.encode() for name in names]
    return (*keys, b"null", b"true", b"1e999", b"NaN", b'"\\ud800"', b"[[[[")


_COMMON_WORDS = (*map(str.encode, config._COMMON_KEYS), b"16384", b"0.5", b"nan", b"inf", b"\xef\xbb\xbf")
_FOLLOW_WORDS = ("log", "offset", "status", "alive", *status.Status._fields)
_MANIFEST_WORDS = (*manifestjson.to_json(PAYLOADS[0]), "..", "/x")
_INVENTORY_WORDS = (
    "swarm", "hosts", "defaults", "groups", "seeds", "peers", "name", "payload", "generate", "path", "upload", "id",
    "profile", "address", "port", "user", "jump", "connection", "local", "workdir", "destination", "peer_port", "rate",
    "host", "node[1-3]", "20MiB", "{host}", "22:22", "~", "&a ", "*a ", "!t ", "|\n", ">-\n", "? ", "- ", "{", "}",
    ": ", "\n  ",
)  # fmt: skip

_HEADS = tuple(bytes((0, 0, 0, length, kind)) for length in (1, 5, 9) for kind in range(13))

TARGETS: Dict[str, Target] = {
    "handshake": Target(read_handshake, 200, 48, (handshake.HEADER, b"WEFT\x02", b"1002", b"\0\0\3\xea")),
    "messages": Target(read_messages, 280, 200, _HEADS),
    "common": Target(read_common, 120, 400, _COMMON_WORDS),
    "peerinfo": Target(read_peer_info, 120, 300, (b"1001 127.0.0.1 6008 1\n", b"4294967295", b"#", b"\r\n")),
    "map": Target(read_map, 119, 400, (piecemap.header(DIGEST), b"\xff\xff\xff\xff", piecemap.record(2, bytes(32)))),
    "logline": Target(read_log_line, 60, 160, tuple(text.encode() for text in eventlog._TEXTS.values())),
    "status": Target(read_status, 30, 1500, _json_words(*status.Status._fields, *status.Neighbour._fields), True),
    "followline": Target(read_follow_line, 20, 1500, _json_words(*_FOLLOW_WORDS), True),
    "manifest": Target(read_manifest, 30, 1500, _json_words(*_MANIFEST_WORDS), True),
    "swarm": Target(read_swarm, 20, 2000, _json_words(*swarmfile.SwarmFile._fields, *_MANIFEST_WORDS), True),
    "inventory": Target(read_inventory, 1, 1500, tuple(word.encode() for word in _INVENTORY_WORDS)),
}


def describe(error: BaseException) -> str:
    """An error in one line, for a report."""
    words: Any = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {words[0]}"[:200]

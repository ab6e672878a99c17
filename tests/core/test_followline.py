"""The lines of `peer follow`: each comes through as it was, is a line of JSON as documented, or is refused by name."""

from __future__ import annotations

import json

import pytest

from peer.core.followline import (
    HEARTBEAT,
    Alive,
    FollowLine,
    LogLine,
    Reader,
    StatusLine,
    Writer,
    format_line,
    from_fields,
    parse_line,
)
from peer.core.status import Neighbour, Status

STATUS = Status(1001, "r1", "downloading", "fleet", True, 6008, 7, 3, 10, 1000, neighbours=(Neighbour(1002, True),))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (LogLine(1001, 'zwölf "x"\t\ud800', 12), {"peer": 1001, "log": 'zwölf "x"\t\ud800', "offset": 12}),
        (Alive(1001, True), {"peer": 1001, "alive": True}),
        (Alive(1001, False), {"peer": 1001, "alive": False}),
    ],
)
def test_lines_and_their_json(line: FollowLine, fields: object) -> None:
    assert json.loads(format_line(line)) == fields
    assert parse_line(format_line(line)) == line
    assert "\n" not in format_line(line)


def test_a_status_comes_through_as_it_was() -> None:
    line = StatusLine(1001, STATUS)
    assert parse_line(format_line(line)) == line
    assert json.loads(format_line(line))["status"]["neighbours"][0]["peer"] == 1002


NEAR = (Neighbour(1002, True), Neighbour(1003, False, trouble="refused"))
LATER = [
    STATUS._replace(neighbours=NEAR),
    STATUS._replace(neighbours=NEAR, pieces=4),
    STATUS._replace(neighbours=(NEAR[0], Neighbour(1003, True, pieces=2)), reason="waiting"),
    STATUS._replace(neighbours=(NEAR[0], Neighbour(1003, True, pieces=2)), state="done", exit_code=0),
    STATUS,
]


def test_what_changed_of_a_status_is_all_that_travels() -> None:
    writer, reader = Writer(), Reader()
    lines = [StatusLine(1001, status) for status in (STATUS, *LATER)] + [StatusLine(1002, STATUS), Alive(1001, False)]
    texts = [writer.format(line) for line in lines]
    assert [reader.line_of(json.loads(text)) for text in texts] == lines
    assert json.loads(texts[2]) == {"peer": 1001, "change": {"pieces": 4}}
    assert json.loads(texts[3])["change"]["neighbours"] == [
        {"peer": 1003, "connected": True, "pieces": 2, "trouble": ""}
    ]


@pytest.mark.parametrize(
    "change",
    [[], {"pieces": "4"}, {"neighbours": 5}, {"neighbours": [5]}, {"neighbours": [{"pieces": 2}]},
     {"neighbours": [{"peer": "1002"}]}, {"neighbours": [{"peer": 1002, "pieces": []}]}],
)  # fmt: skip
def test_a_damaged_change_is_refused(change: object) -> None:
    reader = Reader()
    with pytest.raises(ValueError, match="no status came before"):
        reader.line_of({"peer": 1001, "change": {}})
    reader.line_of(json.loads(format_line(StatusLine(1001, STATUS))))
    with pytest.raises(ValueError, match="not a"):
        reader.line_of({"peer": 1001, "change": change})


def test_a_heartbeat_is_no_line() -> None:
    assert parse_line(HEARTBEAT) is None


def test_fields_that_a_newer_peer_added_are_left_out() -> None:
    assert from_fields({"peer": 1001, "alive": True, "since": 5}) == Alive(1001, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "Expecting value"),
        ("[" * 100_000, "too deep"),
        ("[1]", "list where an object belongs"),
        ("{}", "peer is None"),
        ('{"peer": "1001", "alive": true}', "peer is '1001'"),
        ('{"peer": true, "alive": true}', "peer is True"),
        ('{"peer": 1001}', "alive is None"),
        ('{"peer": 1001, "alive": 1}', "alive is 1"),
        ('{"peer": 1001, "log": 5, "offset": 1}', "log is 5"),
        ('{"peer": 1001, "log": "x"}', "offset is None"),
        ('{"peer": 1001, "log": "x", "offset": -1}', "offset is -1"),
        ('{"peer": 1001, "log": "x", "offset": 1e3}', "offset is 1000.0"),
        ('{"peer": 1001, "status": "nonsense"}', "str where an object belongs"),
        ('{"peer": 1001, "status": {"pieces": "many"}}', "pieces is 'many'"),
    ],
)
def test_what_is_no_line_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        parse_line(text)

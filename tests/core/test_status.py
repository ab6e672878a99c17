"""The status file: there and back, a newer peer's fields, and damage as ValueError."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import status
from peer.core.status import Neighbour, Status, format_status, parse_status
from tests.core.fuzz import fuzz
from tests.core.test_manifest import JSON

FULL = Status(
    peer=1002,
    run="r1",
    state=status.DOWNLOADING,
    profile="fleet",
    listening=True,
    port=6008,
    pid=4711,
    pieces=3,
    total=10,
    size=20_971_520,
    bytes_down=5,
    bytes_up=6,
    rate_down=1.5,
    rate_up=2.5,
    bad_pieces=1,
    preferred=(1001, 1003),
    optimistic=1004,
    neighbours=(Neighbour(1001, True, "fleet", 10, True, False, True, 7, 8), Neighbour(1003, False, trouble="refused")),
    reason="choked by all 3 neighbours",
    started=1.0,
    last_progress=2.0,
    completed=0.0,
    updated=3.0,
    exit_code=None,
)
LEAST = Status(1001, "", status.CHECKING, "classic", False, 6008, 1, 0, 0, 0)


@pytest.mark.parametrize("one", [FULL, LEAST, LEAST._replace(exit_code=3, state=status.INCOMPLETE)])
def test_there_and_back_in_one_line(one: Status) -> None:
    text = format_status(one)
    assert text.endswith("\n") and "\n" not in text[:-1]
    assert parse_status(text) == one


def test_every_end_is_a_state() -> None:
    alive = (status.CHECKING, status.DOWNLOADING, status.SEEDING)
    assert set(status.ENDED) == {status.DONE, status.INCOMPLETE, status.FAILED, status.STOPPED}
    assert len({*alive, *status.ENDED}) == len(alive) + len(status.ENDED)


def test_fields_of_a_newer_peer_are_left_out() -> None:
    fields = json.loads(format_status(FULL))
    fields["mood"] = fields["neighbours"][0]["mood"] = "fine"
    assert parse_status(json.dumps(fields)) == FULL


def test_what_has_a_default_may_be_missing() -> None:
    fields = {name: value for name, value in json.loads(format_status(LEAST)).items() if name in Status._fields[:10]}
    assert parse_status(json.dumps(fields)) == LEAST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "{}",
        format_status(FULL)[:100],
        format_status(FULL).replace('"peer":1002,', ""),
        format_status(FULL).replace('"preferred":[1001,1003]', '"preferred":7'),
        format_status(FULL).replace('"preferred":[1001,1003]', '"preferred":null'),
        format_status(FULL).replace('"neighbours":[', '"neighbours":7,"x":['),
        format_status(FULL).replace('"neighbours":[', '"neighbours":[7,'),
        format_status(FULL).replace('"neighbours":[', '"neighbours":[{},'),
        format_status(FULL).replace('"preferred":[1001,1003]', '"preferred":["1001"]'),
        format_status(FULL).replace('"peer":1002,', '"peer":"1002",'),
        format_status(FULL).replace('"run":"r1"', '"run":1'),
        format_status(FULL).replace('"listening":true', '"listening":1'),
        format_status(FULL).replace('"size":20971520', '"size":true'),
        format_status(FULL).replace('"rate_up":2.5', '"rate_up":Infinity'),
        format_status(FULL).replace('"trouble":"refused"', '"trouble":null'),
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_damage_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_status(text)


@fuzz
@given(st.one_of(st.text(max_size=40), JSON.map(json.dumps)), st.sampled_from(Status._fields), JSON)
def test_any_text_is_a_status_or_a_value_error(text: str, name: str, value: object) -> None:
    fields = json.loads(format_status(FULL))
    fields[name] = value
    for candidate in (text, json.dumps(fields)):
        try:
            parse_status(candidate)
        except ValueError:
            continue

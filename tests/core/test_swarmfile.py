"""swarm.json: there and back, and every kind of damage as one error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.errors import ConfigError
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC, FLEET, SwarmFile, format_swarm, parse_swarm
from tests.core.fuzz import fuzz
from tests.core.samples import manifest_of, manifests, payload
from tests.core.test_manifest import JSON

SWARM = SwarmFile("demo", "20260329-1", FLEET, manifest_of(payload(10), 4), Limits(30.0, 8, 2), tls=True)


def test_there_and_back() -> None:
    assert parse_swarm(format_swarm(SWARM)) == SWARM


def test_what_may_be_left_out() -> None:
    fields = json.loads(format_swarm(SWARM))
    for name in ("name", "run", "tls", "limits"):
        del fields[name]
    assert parse_swarm(json.dumps(fields)) == SwarmFile("", "", FLEET, SWARM.manifest, Limits(), False)


def test_classic_peers_and_those_that_take_ascii_are_lists_of_ids() -> None:
    swarm = SWARM._replace(classic=(1003, 1004), ascii=(1004,))
    assert parse_swarm(format_swarm(swarm)) == swarm
    for wrong in (1003, ["1003"], [True], {"1003": True}):
        with pytest.raises(ConfigError, match="write a list of peer IDs"):
            parse_swarm(json.dumps({**json.loads(format_swarm(SWARM)), "classic": wrong}))


def test_zones_are_left_out_where_there_are_none() -> None:
    swarm = SWARM._replace(zones=((1001, "site/a"), (1003, "site/a"), (1002, "b")))
    assert parse_swarm(format_swarm(swarm)) == swarm
    assert "zones" not in json.loads(format_swarm(SWARM))
    for wrong in ([1003], "a", {"a": [1003]}, [["a", 1003]], [[1003]]):
        with pytest.raises(ConfigError, match="write a list of peer IDs with their zones"):
            parse_swarm(json.dumps({**json.loads(format_swarm(SWARM)), "zones": wrong}))


def test_fields_of_a_later_version_are_left_alone() -> None:
    fields = json.loads(format_swarm(SWARM))
    fields["limits"]["colour"] = fields["colour"] = "blue"
    assert parse_swarm(json.dumps(fields)) == SWARM


BROKEN = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("9" * 100_000, "not JSON"),
    ("[]", "not a JSON object"),
    ("null", "not a JSON object"),
    ("{}", "format is None"),
    ('{"format": 1}', "format is 1, this peer reads 2"),
    ('{"format": 2}', "profile is None"),
    ('{"format": 2, "profile": "fast"}', "profile is 'fast'; write classic or fleet"),
    ('{"format": 2, "profile": ["fleet"]}', "profile is"),
    ('{"format": 2, "profile": "fleet"}', "manifest is damaged"),
]


@pytest.mark.parametrize(("text", "problem"), BROKEN, ids=lambda value: value[:20])
def test_a_broken_file_is_one_line_with_file_and_remedy(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_swarm(text, "here/swarm.json")
    line = str(caught.value)
    assert line.startswith("here/swarm.json: ") and problem in line and "; " in line
    assert "\n" not in line and len(line) < 300


LIMITS: "list[tuple[Any, str]]" = [
    (None, "limits isn't an object"),
    ([], "limits isn't an object"),
    ({"patience": 0}, "limits.patience is 0"),
    ({"patience": -1}, "limits.patience is -1"),
    ({"patience": "60"}, "limits.patience is '60'"),
    ({"patience": True}, "limits.patience is True"),
    ({"patience": float("nan")}, "limits.patience is nan"),
    ({"patience": float("inf")}, "limits.patience is inf"),
    ({"degree": 0}, "limits.degree is 0"),
    ({"degree": 0.5}, "limits.degree is 0.5"),
    ({"degree": 2.5}, "limits.degree is 2.5"),
    ({"uploads": 0.5}, "limits.uploads is 0.5"),
    ({"uploads": None}, "limits.uploads is None"),
    ({"uploads": 10**12}, "limits.uploads is"),
]


@pytest.mark.parametrize(("limits", "problem"), LIMITS, ids=str)
def test_limits_are_numbers_that_let_a_peer_live(limits: Any, problem: str) -> None:
    fields = json.loads(format_swarm(SWARM))
    fields["limits"] = limits
    with pytest.raises(ConfigError) as caught:
        parse_swarm(json.dumps(fields))
    assert problem in str(caught.value)


@fuzz
@given(
    st.builds(
        SwarmFile,
        st.text(max_size=5),
        st.text(max_size=5),
        st.sampled_from([CLASSIC, FLEET]),
        manifests(),
        st.builds(Limits, st.floats(0.01, 1e6), st.integers(1, 1000), st.integers(1, 100)),
        st.booleans(),
    )
)
def test_any_swarm_there_and_back(swarm: SwarmFile) -> None:
    assert parse_swarm(format_swarm(swarm)) == swarm


@fuzz
@given(
    st.one_of(st.text(max_size=50), JSON.map(json.dumps)),
    st.sampled_from(["format", "name", "run", "profile", "tls", "limits", "manifest"]),
    JSON,
)
def test_any_text_is_a_swarm_or_one_error(text: str, name: str, value: Any) -> None:
    fields = json.loads(format_swarm(SWARM))
    fields[name] = value
    for candidate in (text, json.dumps(fields)):
        try:
            swarm = parse_swarm(candidate)
        except ConfigError as error:
            assert str(error).startswith("swarm.json: ")
        else:
            assert swarm.limits.uploads >= 1 and swarm.limits.degree >= 1 and swarm.limits.patience > 0

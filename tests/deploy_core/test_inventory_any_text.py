"""Any text in: an Inventory or an InventoryError comes out, nothing else; and what comes out can be used."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy.core.inventory import Inventory, InventoryError, limited, localized, parse_inventory
from deploy.core.inventory.yamltext import read
from deploy.core.plan import facts_of, hosts_of
from deploy.edge.tasks.check import CHECK
from deploy.edge.tasks.phase import describe
from deploy.edge.tasks.stop import STOP
from deploy.edge.tasks.up import UP

WORDS = [
    "swarm", "hosts", "defaults", "groups", "seeds", "peers", "name", "payload", "generate", "path", "upload",
    "seed", "piece_size", "profile", "fleet", "classic", "preferred", "tls", "auto", "true", "false", "address",
    "peer_address", "port", "user", "key", "jump", "connection", "local", "ssh", "workdir", "destination",
    "peer_port", "rate", "up", "down", "id", "host", "alpha", "node[1-3]", "node1", "all", "20MiB", "6008",
    "1001", "22:22", "no", "012", "~", "10.0.0.1", "{host}", "::1", "-1", "1.5",
]  # fmt: skip
SIGNS = [
    ": ", ":\n  ", "\n", "\n  ", "\n    ", "\n- ", ", ", "{", "}", "[", "]", "'", '"', "#", "&a ", "*a ", "!t ", "|\n",
]  # fmt: skip


def outcome(text: str) -> Inventory | None:
    try:
        inventory = parse_inventory(text)
    except InventoryError as error:
        assert error.problems
        assert all(line.startswith("inventory.yaml") and line.isprintable() for line in str(error).split("\n"))
        return None
    return inventory


@settings(deadline=None)
@given(st.text(max_size=200))
@example("\x85")
@example("? ")
@example("a: #[\u2028b]\n\nc:\n")
@example("%YAML 9.9\n---\na")
@example("a: 0o18")
@example("{" * 300)
@example("- " * 2000)
def test_any_text(text: str) -> None:
    outcome(text)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(WORDS + SIGNS * 3), max_size=60).map("".join))
def test_texts_made_of_the_right_words(text: str) -> None:
    outcome(text)


SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(WORDS), below, max_size=4),
    max_leaves=12,
)


def flow(value: Any) -> str:
    """A value as YAML in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {flow(below)}' for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(below) for below in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if value != 1 else "1"


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(WORDS[:6]), VALUES, max_size=6))
def test_any_values_under_the_right_keys(fields: dict[str, Any]) -> None:
    outcome(flow(fields))


HOSTS = st.dictionaries(
    st.sampled_from(["alpha", "beta", "node[1-3]", "web[08-10]", "x"]),
    st.fixed_dictionaries(
        {},
        optional={
            "address": st.sampled_from(["10.0.0.1", "{host}.lan", "2001:db8::1", "localhost"]),
            "connection": st.sampled_from(["ssh", "local"]),
            "peer_port": st.sampled_from([6008, 7000, 65535]),
            "rate": st.integers(1, 1000),
            "workdir": st.sampled_from(["/x", "~/y/{host}"]),
            "destination": st.just("/srv/{host}"),
            "jump": st.sampled_from(["me@bastion:22", "bastion"]),
        },
    ),
    min_size=1,
)


@settings(deadline=None, max_examples=200)
@given(HOSTS, st.sampled_from(["alpha", "all", "g"]), st.sampled_from(["fleet", "classic"]))
def test_what_is_accepted_hangs_together(hosts: dict[str, Any], seed: str, profile: str) -> None:
    text = flow(
        {
            "swarm": {"name": "d", "payload": {"generate": "1MiB"}, "profile": profile},
            "hosts": hosts,
            "groups": {"g": ["all"]},
            "seeds": [seed],
        }
    )
    inventory = outcome(text)
    if inventory is None:
        return
    assert len({(row.host, row.port) for row in inventory.rows}) == len(inventory.rows)
    assert all(1 <= row.port <= 65535 for row in inventory.rows)
    assert len({peer.peer_id for peer in inventory.peers}) == len(inventory.peers) == len(inventory.hosts)
    assert inventory.seeds
    steps = describe((*CHECK, *UP, *STOP), inventory, facts_of(inventory))
    assert set(hosts_of(steps)) == set(inventory.selected)
    first = inventory.hosts[0].name
    assert limited(inventory, first).selected == (first,)
    here = localized(inventory, "/run")
    assert len({row.port for row in here.rows}) == len(here.rows)
    assert len({host.workdir for host in here.hosts}) == len(here.hosts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"), ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("N", "N"),
        ("true", True), ("True", True), ("TRUE", True), ("tRUE", "tRUE"), ("false", False), ("False", False),
        ("null", None), ("~", None), ("", None), ("Null", None), ("nULL", "nULL"),
        ("0", 0), ("12", 12), ("-12", -12), ("+12", "+12"), ("012", "012"), ("00", "00"), ("-0", 0),
        ("0x1F", "0x1F"), ("0o17", "0o17"), ("0b1", "0b1"), ("1_000", "1_000"), ("1,000", "1,000"),
        ("999999999999999999", 999999999999999999), ("9999999999999999999", "9999999999999999999"),
        ("1.5", 1.5), ("-1.5", -1.5), (".5", 0.5), ("1.", "1."), ("1e3", "1e3"), ("1.0e3", 1000.0), ("01.5", "01.5"),
        (".inf", ".inf"), (".nan", ".nan"), ("1.2.3.4", "1.2.3.4"), ("22:22", "22:22"), ("1:30:00", "1:30:00"),
        ("2024-01-01", "2024-01-01"), ("12345678901234567890123456789", "12345678901234567890123456789"),
        ("'12'", "12"), ('"true"', "true"), ("''", ""), ("!!str 12", "12"), ("!!int 12", 12),
        ("a#b", "a#b"), ("a # b", "a"), ("~/x", "~/x"), ("./x y", "./x y"), ("node[1-2]", "node[1-2]"),
    ],
)  # fmt: skip
def test_a_scalar_is_read_by_one_strict_rule(text: str, value: object) -> None:
    document = read(f"key: {text}\n", "x")
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_lines_of_keys_and_items() -> None:
    document = read("a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\n", "x")
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("a", "b"): 2,
        ("a", "c"): 3,
        ("a", "c", 0): 4,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
    }

"""What `check` decides: the ring of dials, what would go wrong on a host, and its table."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.checkup import HEADINGS, MOST_DIALS, Missed, Target, problems, row, targets, unreached
from deploy.core.inventory import parse_inventory

INVENTORY = parse_inventory(
    "swarm: {name: s, payload: {generate: 1MiB}}\n"
    "hosts: {a: {address: h1}, b: {address: h2}, c: {connection: local, peer_address: h3}}\nseeds: [a]\n"
    "peers:\n  - {id: 1, host: a}\n  - {id: 2, host: b}\n  - {id: 3, host: b}\n  - {id: 4, host: c}\n"
)
GOOD: dict[str, Any] = {
    "writable": "", "free": 10 * 2**20, "ports": {"6008": "", "6009": "ours"}, "skew": 0.4, "ends_sessions": False,
    "tls": "",
    "user": "me", "python": "3.11.2", "home": "/home/me/.weft/s",
}  # fmt: skip
KEYLESS = "its clock is 63 years behind, so the swarm's keys aren't valid there and no peer will talk to it"
B1, B2, C = Target("h2", 6008, "b"), Target("h2", 6009, "b"), Target("h3", 6008, "c")


@pytest.mark.parametrize(
    ("names", "name", "dialled"),
    [
        (["a", "b", "c"], "a", [B1, B2, C]),
        (["a", "b", "c"], "b", [C, Target("h1", 6008, "a")]),
        (["a", "c"], "a", [C]),
        (["a"], "a", []),
    ],
)
def test_the_ring(names: list[str], name: str, dialled: list[Target]) -> None:
    assert targets(INVENTORY, names, name) == dialled


def test_in_a_large_ring_every_host_is_dialled_by_as_many_as_it_dials() -> None:
    text = "swarm: {name: s, payload: {generate: 1MiB}}\nhosts:\n  n[01-60]: {address: '{host}'}\nseeds: [n01]\n"
    inventory = parse_inventory(text)
    names = [host.name for host in inventory.hosts]
    dialled = [target.host for name in names for target in targets(inventory, names, name)]
    assert {dialled.count(name) for name in names} == {MOST_DIALS}


@pytest.mark.parametrize(
    ("host", "facts", "found"),
    [
        ("b", {}, []),
        ("b", {"free": None}, []),
        ("b", {"writable": "read-only file system"}, ["its folder can't be written: read-only file system"]),
        ("b", {"ports": {"6008": "another program listens there"}}, ["port 6008: another program listens there"]),
        ("b", {"skew": -5.0}, []),
        ("b", {"skew": -5.6}, ["its clock is -6 s off"]),
        (
            "b",
            {"skew": -2e9},
            [KEYLESS],
        ),
        ("b", {"skew": 61.0}, ["its clock is +61 s off"]),
        ("b", {"ends_sessions": True}, ["systemd ends your processes there when you log out"]),
        ("b", {"tls": "no module named ssl"}, ["its python3 can't speak TLS: no module named ssl"]),
        ("c", {"ends_sessions": True}, []),  # nobody logs in there
        ("b", {"writable": "no", "skew": 9.0}, ["its folder can't be written: no", "its clock is +9 s off"]),
    ],
)
def test_what_would_go_wrong(host: str, facts: dict[str, Any], found: list[str]) -> None:
    outcomes = problems(INVENTORY, host, {**GOOD, **facts})
    assert [outcome.problem.partition(" (")[0] for outcome in outcomes] == found
    assert all(outcome.host == host and outcome.remedy for outcome in outcomes)


def test_one_error_for_a_port_that_many_cannot_reach() -> None:
    missed = [Missed(f"n{number}", "h2", 6008, "timed out") for number in range(5)]
    missed += [Missed("a", "h2", 6008, "refused"), Missed("a", "h3", 6008, "timed out")]
    found = unreached([B1, B2, C], missed)
    assert {host: [outcome.problem for outcome in outcomes] for host, outcomes in found.items()} == {
        "b": [
            "h2 port 6008 can't be reached from n0, n1, n2 and 2 more (timed out)",
            "h2 port 6008 can't be reached from a (refused)",
        ],
        "c": ["h3 port 6008 can't be reached from a (timed out)"],
    }
    assert unreached([B1], []) == {}


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("timed out", "open it in the firewall"),
        ("temporary failure in name resolution", "set its `peer_address` to one that the others know"),
        ("nodename nor servname provided, or not known", "set its `peer_address` to one that the others know"),
    ],
)
def test_what_helps_where_a_port_cannot_be_reached(reason: str, remedy: str) -> None:
    ((outcome,),) = unreached([C], [Missed("a", "h3", 6008, reason)]).values()
    assert outcome.remedy == remedy


@pytest.mark.parametrize(
    ("host", "facts", "reached", "told"),
    [
        ("b", None, "all", "b | no | - | - | - | - | - | -"),
        ("b", {}, "all", "b | me | 3.11.2 | /home/me/.weft/s | 10 MiB | 6008 free 6009 ours | +0.4 s | all"),
        ("c", {}, "not all", "c | here | 3.11.2 | /home/me/.weft/s | 10 MiB | 6008 free 6009 ours | +0.4 s | not all"),
        ("b", {"free": None, "ports": {}}, "all", "b | me | 3.11.2 | /home/me/.weft/s | ? |  | +0.4 s | all"),
        ("a", {"writable": "x", "ports": {}}, "all", "a | me | 3.11.2 | can't be written | 10 MiB |  | +0.4 s | all"),
    ],
)
def test_rows(host: str, facts: dict[str, Any] | None, reached: str, told: str) -> None:
    made = row(INVENTORY.host(host), None if facts is None else {**GOOD, **facts}, reached)
    assert " | ".join(made) == told
    assert len(made) == len(HEADINGS)

"""The limit T*, run ids and the summary."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from deploy.core.inventory import limited, localized, parse_inventory
from deploy.core.prediction import Limit, limit_seconds
from deploy.core.report import time_lines
from deploy.core.summary import (
    Results,
    format_summary,
    format_summary_json,
    format_table,
    run_id,
    summary_fields,
)
from deploy.core.times import HASH, PUSH, VERIFY, Times, most_fetched
from deploy.core.verdict import UNREACHABLE, Copy, Outcome, judge

MEGABYTE = 10**6


def limit_of(hosts: str, size: int = 125 * MEGABYTE, limit: str = "", seeds: str = "s") -> Limit | None:
    inventory = parse_inventory(
        f"swarm: {{name: d, payload: {{generate: 1MiB}}}}\nhosts: {{{hosts}}}\nseeds: [{seeds}]\n"
    )
    return limit_seconds(limited(inventory, limit), size)


@pytest.mark.parametrize(
    ("hosts", "seconds", "because"),
    [  # 125 MB are 1000 Mbit
        ("s: {rate: 100}, a: {rate: 100}", 10.0, "the seed's upload"),
        ("s: {rate: 100}, a: {rate: {down: 50}}", 20.0, "the slowest download"),
        ("s: {rate: 100}, a: {rate: {up: 100, down: 10}}, b: {rate: 100}", 100.0, "the slowest download"),
        (
            "s: {rate: 100}, a: {rate: {up: 1, down: 100}}, b: {rate: {up: 1, down: 100}}",
            2000 / 102,
            "all uploads together",
        ),
        ("s: {rate: 10}, a: {rate: 100}", 100.0, "the seed's upload"),
        ("s: {rate: {up: 100}}, a: ", 10.0, "the seed's upload"),
        ("s: , a: {rate: {down: 100}}", 10.0, "the slowest download"),
    ],
)
def test_limit(hosts: str, seconds: float, because: str) -> None:
    limit = limit_of(hosts)
    assert limit is not None
    assert limit.seconds == pytest.approx(seconds)
    assert limit.because == because


@pytest.mark.parametrize(
    ("hosts", "zones", "limit", "seconds", "because"),
    [
        ("s: {zone: x}, a: {zone: y}", "y: {rate: 20}", "", 50.0, "the way into zone y"),
        ("s: {zone: x}, a: {zone: y}", "x: {rate: {up: 10}}, y: {rate: 20}", "", 100.0, "the way out of zone x"),
        ("s: {zone: x}, a: {zone: y/r}", "y: {rate: 20}, y/r: {rate: 10}", "", 100.0, "the way into zone y/r"),
        ("s: {zone: x, rate: 5}, a: {zone: y}", "y: {rate: 20}", "", 200.0, "the seed's upload"),
        (
            "s: {zone: x, rate: 100}, a: {zone: x}, b: {zone: y, rate: 100}",
            "x: {rate: 1}, y: {rate: 1}",
            "s,a",
            5.0,
            "the seed's upload",
        ),
    ],
)
def test_the_limit_with_zones(hosts: str, zones: str, limit: str, seconds: float, because: str) -> None:
    limit_there = limit_of(f"{hosts}}}\nzones: {{{zones}", limit=limit)
    assert limit_there == Limit(pytest.approx(seconds), because)


@pytest.mark.parametrize("hosts", ["s: , a: ", "s: {rate: {down: 5}}, a: {rate: {up: 5}}", "s: {rate: 100}"])
def test_no_limit_without_rates_or_receivers(hosts: str) -> None:
    assert limit_of(hosts) is None


def test_scenario_a_of_the_benchmark() -> None:
    hosts = "s: {rate: 100}, " + ", ".join(f"n{n}: {{rate: 100}}" for n in range(7))
    limit = limit_of(hosts, 64 * 2**20)
    assert limit is not None
    assert limit.seconds == pytest.approx(5.37, abs=0.005)


def test_two_seeds_share_the_work() -> None:
    limit = limit_of("s: {rate: 100}, t: {rate: 100}, a: {rate: 200}", seeds="s, t")
    assert limit == Limit(5.0, "the seed's upload")


def test_peers_of_one_host_share_its_link() -> None:
    inventory = parse_inventory(
        "swarm: {name: d, payload: {generate: 1MiB}}\nhosts: {s: {rate: 100}, a: {rate: 100}}\n"
        "peers: [{id: 1, host: s, seed: true}, {id: 2, host: a}, {id: 3, host: a}, {id: 4, host: s}]\n"
    )
    assert limit_seconds(inventory, 125 * MEGABYTE) == Limit(10.0, "the seed's upload")


def test_a_late_joiner_may_fetch_from_everybody() -> None:
    hosts = "s: {rate: 100}, a: {rate: 100}, b: {rate: 100}, c: {rate: 1000}"
    limit = limit_of(hosts, limit="c")
    assert limit is not None
    assert limit.seconds == pytest.approx(1000 / 300)


def test_an_empty_payload_takes_no_time() -> None:
    limit = limit_of("s: {rate: 100}, a: {rate: 100}", 0)
    assert limit is not None
    assert limit.seconds == 0
    assert time_lines(Times(1.0, {}, 1.0, limit, True)) == ("in 1.0 s",)


@pytest.mark.parametrize(
    ("token", "name"),
    [(0x3FA9C2, "20250131-120501-3fa9c2"), (0, "20250131-120501-000000"), (2**40 + 1, "20250131-120501-000001")],
)
def test_run_id(token: int, name: str) -> None:
    assert run_id(datetime(2025, 1, 31, 12, 5, 1, 999999), token) == name


def test_run_ids_sort_by_time() -> None:
    early, late = datetime(2025, 9, 30, 23, 59, 59), datetime(2025, 10, 1)
    assert run_id(early, 2**24 - 1) < run_id(late, 0)


SEED = Limit(5.37, "the seed's upload")


@pytest.mark.parametrize(
    ("times", "lines"),
    [
        (Times(2.04), ("in 2.0 s",)),
        (Times(21.3, {VERIFY: 7.5, HASH: 1.0, PUSH: 0.02}), ("in 21 s: hash 1.0, verify 7.5",)),
        (Times(8.0, {}, 6.08, None, True), ("in 8.0 s",)),
        (Times(8.0, {}, None, SEED, True), ("in 8.0 s",)),
        (
            Times(8.0, {}, 3.0, SEED, True),
            (
                "in 8.0 s",
                "the swarm took 3.0 s; the limit is 5.4 s (the seed's upload),"
                " so links or caps let more through than the inventory says",
            ),
        ),
        (Times(8.0, {}, 0.01, SEED, False), ("in 8.0 s",)),  # nothing was moved: no 0.00 times that
        (
            Times(8.0, {}, 6.04, SEED, True),
            ("in 8.0 s", "the swarm took 6.0 s; the limit is 5.4 s (the seed's upload), so 1.12 times that"),
        ),
        (
            Times(8.0, {}, 6.04, Limit(0.2, "the seed's upload"), True),
            ("in 8.0 s", "the swarm took 6.0 s; the limit is 0.2 s (the seed's upload), too short to compare"),
        ),
    ],
)
def test_time_by_phases_and_beside_the_limit(times: Times, lines: tuple[str, ...]) -> None:
    assert time_lines(times) == lines


@pytest.mark.parametrize(
    ("downloads", "line"),
    [
        ([0, 0], "every host had all of it before"),
        ([2**20, 0], "no host fetched more than 1 MiB of 20 MiB; it had the rest"),
        ([2**20, 20 * 2**20], ""),
        ([2**20], ""),
    ],
)
def test_what_a_new_version_took(downloads: list[int], line: str) -> None:
    inventory = parse_inventory("swarm: {name: d, payload: {generate: 20MiB}}\nhosts: {s: , a: , b: }\nseeds: [s]\n")
    statuses = {1002 + n: {"bytes_down": down, "size": 20 * 2**20} for n, down in enumerate(downloads)}
    times = Times(1.0, fetched=most_fetched(inventory, statuses))
    assert time_lines(times) == ("in 1.0 s", line)[: 2 if line else 1]


FLEET = parse_inventory("swarm: {name: demo, payload: {generate: 1MiB}}\nhosts: {a: , b: }\nseeds: [a]\n")
VERDICT = judge(
    FLEET,
    [Copy(1001, True, "ab" * 4, "ab" * 4, 1048576, 16, 16, 0.0)],
    [Outcome("b", UNREACHABLE, "timed out", "is it up?")],
)


TIMES = Times(9.0, {}, 3.0, Limit(2.0, "the seed's upload"), True)


def test_summary() -> None:
    assert format_summary(FLEET, VERDICT, Results("r1", 4, [], VERDICT, TIMES, ["b: it got less"])) == (
        "run r1: swarm demo, TheFile.dat, exit code 4\n"
        "peer  host  pieces  bytes      seconds  sha256    verdict\n"
        "1001  a     16/16   1,048,576  -        abababab  ok\n"
        "1002  b     -       -          -        -         unreachable: timed out\n"
        "unreachable: b: timed out: is it up?\n"
        "slow: b: it got less\n"
        "in 9.0 s\n"
        "the swarm took 3.0 s; the limit is 2.0 s (the seed's upload), so 1.50 times that\n"
        "TheFile.dat is complete on 1 of 2 hosts\n"
    )


def test_the_summary_tells_zones_and_the_smallest_groups() -> None:
    text = "swarm: {name: d, payload: {generate: 1MiB}}\nhosts: {a: {zone: s/r1}, b: {zone: s/r2}, c: }\nseeds: [a]\n"
    fields = summary_fields(
        parse_inventory(f"{text}groups: {{g: [a, b, c], h: [b, c], i: [c]}}\n"), Results("r", 0, [])
    )
    assert fields["zones"] == {"a": "s/r1", "b": "s/r2"}
    assert fields["groups"] == {"a": "g", "b": "h", "c": "h"}


def test_summary_for_programs() -> None:
    outcomes = [Outcome("b", UNREACHABLE, "timed out", "is it up?")]
    results = Results("r1", 4, outcomes, VERDICT, TIMES._replace(moved=False), ["b: it got less"])
    fields = json.loads(format_summary_json(FLEET, results))
    assert (fields["run"], fields["exit_code"], fields["limit"], fields["seconds"]) == ("r1", 4, None, 3.0)
    assert [(row["peer"], row["good"]) for row in fields["peers"]] == [(1001, True), (1002, False)]
    assert fields["errors"] == ["unreachable: b: timed out: is it up?"]
    assert (fields["complete_hosts"], fields["hosts"], fields["bytes"]) == (1, 2, 1048576)
    assert fields["failures"] == [
        {"error": "unreachable: b: timed out: is it up?", "hosts": ["b"], "next": "fab check --limit b"}
    ]
    unended = json.loads(format_summary_json(FLEET, Results("", 1, outcomes, halt="no seed")))
    assert unended["sentence"] is None and unended["peers"] == []
    assert unended["errors"] == ["unreachable: b: timed out: is it up?", "no seed"]


def test_an_empty_table_has_its_headings() -> None:
    assert format_table(()) == ("peer  host  pieces  bytes  seconds  sha256  verdict",)


def test_on_one_machine_no_way_between_zones_counts() -> None:
    text = "swarm: {name: d, payload: {generate: 1MiB}}\nhosts: {s: {zone: x}, a: {zone: y}}\nzones: {y: {rate: 20}}\n"
    inventory = parse_inventory(f"{text}seeds: [s]\n")
    assert limit_seconds(inventory, MEGABYTE)
    assert limit_seconds(localized(inventory, "/x"), MEGABYTE) is None

"""What a verdict says: first causes, the next command, slow hosts, when the table is shown, and lines of work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.core.failures import Failure, error_lines, failures
from deploy.core.inventory import Inventory, localized, parse_inventory
from deploy.core.report import failure_lines, payload_lines, shows_table
from deploy.core.slowness import Receiver, receivers, slow_lines
from deploy.core.verdict import FAILED, SKIPPED, UNREACHABLE, Copy, Outcome, judge

MIB = 2**20


def fleet(count: int = 4, host: str = "") -> Inventory:
    swarm = "swarm: {name: s, payload: {generate: 1MiB, name: f.dat}}\n"
    return parse_inventory(f"{swarm}hosts: {{'n[1-{count}]': {{{host}}}, slow: {{rate: {{down: 10}}}}}}\nseeds: [n1]\n")


LOST = Outcome("n2", UNREACHABLE, "timed out", "is it up?")
KILLED = Outcome("n2", FAILED, "killed while downloading", "", 1002)
SEED = Outcome("n1", FAILED, "its disk is full", "make room", 1001)


def incomplete(host: str, peer: int) -> Outcome:
    return Outcome(host, FAILED, f"incomplete: {peer} pieces missing", "wait", peer)


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        ([], []),
        ([LOST], [("unreachable: n2: timed out: is it up?", "fab check --limit n2")]),
        ([KILLED, LOST], [("failed: n2 (peer 1002): killed while downloading", "fab up")]),
        ([LOST, KILLED], [("unreachable: n2: timed out: is it up?", "fab check --limit n2")]),
        (
            [LOST, LOST._replace(host="n3")],
            [("unreachable: n[2-3]: timed out: is it up?", "fab check --limit 'n[2-3]'")],
        ),
        (
            [LOST._replace(host=host, problem=f"{host} can't be resolved") for host in ("n2", "n3")],
            [("unreachable: n[2-3]: HOST can't be resolved: is it up?", "fab check --limit 'n[2-3]'")],
        ),
        ([KILLED, Outcome("n3", SKIPPED, "x")], [("failed: n2 (peer 1002): killed while downloading", "fab up")]),
        ([Outcome("n3", SKIPPED, "x")], [("skipped: n3: x", "fab up")]),
        ([incomplete("n2", 1002)], [("failed: n2 (peer 1002): incomplete: 1002 pieces missing: wait", "fab up")]),
        (
            [incomplete("n2", 1002), SEED, incomplete("n3", 1003)],
            [
                ("failed: n1 (peer 1001): its disk is full: make room", "fab up"),
                ("failed: n[2-3] (peers 1002-1003): incomplete, because no seed was left: n1 failed", "fab up"),
            ],
        ),
    ],
)
def test_first_causes_and_what_to_run_next(outcomes: list[Outcome], found: list[tuple[str, str]]) -> None:
    assert [(one.line, one.command) for one in failures(fleet(), outcomes)] == found


def test_the_next_command_names_the_inventory() -> None:
    inventory = localized(replace(fleet(), source="my fleet.yaml"), "~/x")
    assert failures(inventory, [KILLED])[0].command == "fab up --inventory 'my fleet.yaml' --local"


@pytest.mark.parametrize(
    ("outcomes", "lines"),
    [
        (
            [Outcome("a", FAILED, "peer 1001 runs there"), Outcome("b", FAILED, "peer 1002, 1003 runs there")],
            ["failed: a, b: peer N runs there"],
        ),
        (
            [Outcome(name, FAILED, f"/x/{name}/peer_{peer}/f: gone", "", peer) for name, peer in (("a", 1), ("b", 2))],
            ["failed: a, b (peers 1-2): /x/HOST/peer_N/f: gone"],
        ),
        ([Outcome("a", FAILED, "peer 1001 runs there")], ["failed: a: peer 1001 runs there"]),
        (
            [Outcome("a", FAILED, "port 1 is taken"), Outcome("b", FAILED, "port 2 is taken")],
            ["failed: a: port 1 is taken", "failed: b: port 2 is taken"],
        ),
    ],
)
def test_errors_that_differ_in_a_peers_number_are_one_line(outcomes: list[Outcome], lines: list[str]) -> None:
    assert list(error_lines(outcomes)) == lines


def test_many_failures_are_counted() -> None:
    found = [Failure(f"failed: {number}", "fab up", ("a",)) for number in range(11)]
    lines = failure_lines(found, "runs/r/summary.txt")
    assert len(lines) == 17 and lines[:2] == ("failed: 0", "  next: fab up")
    assert lines[-1] == "and 3 other failures: see runs/r/summary.txt"


@pytest.mark.parametrize(
    ("hosts", "width", "asked", "shown"),
    [(4, 80, False, True), (4, 40, False, False), (4, 40, True, True), (4, None, False, True), (40, 200, False, False)],
)
def test_when_the_table_is_shown(hosts: int, width: int | None, asked: bool, shown: bool) -> None:
    verdict = judge(fleet(hosts), [Copy(1001, True, "ab" * 32, "ab" * 32, MIB, 16, 16)])
    assert shows_table(verdict, width, asked) is shown
    assert payload_lines("f.dat", verdict.rows) == ("f.dat, 1 MiB (1,048,576 bytes)", f"sha256 {'ab' * 32}")
    assert verdict.sentence == f"f.dat is complete on 1 of {hosts + 1} hosts"


FAST = [Receiver(peer, 5.0, 500 * MIB, 0, 3.0, sources={1001: 300, 1003: 200}) for peer in (1002, 1003, 1004)]


@pytest.mark.parametrize(
    ("last", "lines"),
    [
        (Receiver(1005, 6.0, 500 * MIB, 0), ()),
        (
            Receiver(1005, 60.0, 500 * MIB, 0),
            ("slow: 60 s, where 5 s are usual: its link: the rate or cap in the inventory is 10 Mbit/s",),
        ),
        (
            Receiver(1004, 50.0, 500 * MIB, 7),
            ("n4: 50 s, where 5 s are usual: 7 pieces came with wrong bytes, and had to be fetched again",),
        ),
        (
            Receiver(1004, 50.0, 500 * MIB, 0),
            ("n4: 50 s, where 5 s are usual: 10 MiB/s instead of 100 MiB/s",),
        ),
        *(
            (Receiver(1004, 50.0, 500 * MIB, bad, 3.0, **held), (f"n4: 50 s, where 5 s are usual: {words}",))
            for bad, held, words in (
                (1, {}, "1 piece came with wrong bytes, and had to be fetched again"),
                (0, {}, "its link, for nothing else held it up: 10 MiB/s instead of 100 MiB/s"),
                (0, {"disk": 40.0, "still": 44.0}, "its disk: 40 s of waiting for it to write"),
                (0, {"queue": 30.0}, "its CPU: 30 s of waiting for its turn"),
                (0, {"still": 30.0, "still_reason": "silence"}, "it stood still for 30 s: silence"),
                (
                    0,
                    {"still": 9.0, "disk": 9.0},
                    "its link, for nothing else held it up: 10 MiB/s instead of 100 MiB/s",
                ),
            )
        ),
        (
            Receiver(1004, 50.0, 500 * MIB, 0, 40.0),
            ("n4: 50 s, where 5 s are usual: its CPU: 40 s of computing, where 3 s are usual",),
        ),
    ],
)
def test_slow_hosts_are_named_with_their_reason(last: Receiver, lines: tuple[str, ...]) -> None:
    assert slow_lines(fleet(), [*(one for one in FAST if one.peer != last.peer), last]) == lines


def test_who_got_most_from_a_slow_host_was_slow_by_that() -> None:
    first = Receiver(1003, 30.0, 500 * MIB, 0, 3.0, disk=25.0)
    second = Receiver(1004, 31.0, 500 * MIB, 0, 3.0, sources={1001: 10, 1003: 90})
    others = [Receiver(peer, 5.0, 500 * MIB, 0, 3.0) for peer in (1002, 1005, 1006)]
    behind, cause = slow_lines(fleet(5), [*others, first, second])
    assert behind.endswith("a neighbour: n3, slow itself, sent it 90 %") and "its disk: 25 s" in cause


def test_a_peer_that_had_most_of_its_copy_is_no_measure_for_the_others() -> None:
    def status(bytes_down: int) -> dict[str, float]:
        return {"started": 0, "completed": 5, "bytes_down": bytes_down, "bad_pieces": 0, "size": 100}

    inventory = fleet(4)
    waiting = {**status(100), "completed": 0}
    statuses = dict(enumerate([status(0), status(100), status(3), waiting, status(60)], 1001))
    assert [one.peer for one in receivers(inventory, statuses)] == [1002, 1005]

"""The verdict as tables: exit code, folded errors, one row a peer, and nothing is good that nobody checked."""

from __future__ import annotations

import dataclasses

import pytest

from deploy.core.failures import next_commands
from deploy.core.inventory import limited, parse_inventory
from deploy.core.verdict import (
    FAILED,
    INTERRUPTED,
    OK,
    SKIPPED,
    UNREACHABLE,
    Copy,
    Outcome,
    amended,
    error_lines,
    exit_code,
    judge,
    rows,
)

FLEET = parse_inventory(
    "swarm: {name: demo, payload: {generate: 1MiB}}\nhosts:\n  alpha:\n  node[1-3]:\nseeds: [alpha]\n"
)
HASH, OTHER = "ab" * 32, "cd" * 32
GOOD = [Copy(peer, True, HASH, HASH, 1048576, 16, 16, 2.25) for peer in (1001, 1002, 1003, 1004)]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        ([OK], 0),
        ([OK, OK], 0),
        ([FAILED], 1),
        ([OK, FAILED], 1),
        ([SKIPPED], 1),
        ([OK, SKIPPED], 1),
        ([UNREACHABLE], 4),
        ([OK, UNREACHABLE], 4),
        ([FAILED, UNREACHABLE], 4),
        ([UNREACHABLE, FAILED], 4),
        ([SKIPPED, UNREACHABLE], 4),
        ([INTERRUPTED], 130),
        ([FAILED, INTERRUPTED], 130),
        ([UNREACHABLE, INTERRUPTED], 130),
    ],
)
def test_exit_code(states: list[str], code: int) -> None:
    assert exit_code([Outcome(f"h{place}", state) for place, state in enumerate(states)]) == code


@pytest.mark.parametrize(
    ("outcomes", "lines"),
    [
        ([], []),
        ([Outcome("a")], []),
        ([Outcome("a", FAILED)], ["failed: a"]),
        ([Outcome("a", FAILED, "disk full")], ["failed: a: disk full"]),
        (
            [
                Outcome("node4", UNREACHABLE, "connection refused", "is sshd running on that port?"),
                Outcome("node5", UNREACHABLE, "connection refused", "is sshd running on that port?"),
            ],
            ["unreachable: node[4-5]: connection refused: is sshd running on that port?"],
        ),
        (
            [
                Outcome("n1", UNREACHABLE, "timed out"),
                Outcome("n2", FAILED, "disk full"),
                Outcome("n3", UNREACHABLE, "timed out"),
            ],
            ["unreachable: n[1,3]: timed out", "failed: n2: disk full"],
        ),
        (
            [Outcome("n1", FAILED, "x", "do a"), Outcome("n2", FAILED, "x", "do b")],
            ["failed: n1: x: do a", "failed: n2: x: do b"],
        ),
        ([Outcome("n1", FAILED, "port taken", peer=1001)], ["failed: n1 (peer 1001): port taken"]),
        (
            [Outcome("n1", FAILED, "died", peer=1001), Outcome("n2", FAILED, "died", peer=1002)],
            ["failed: n[1-2] (peers 1001-1002): died"],
        ),
        (
            [Outcome("n1", FAILED, "died", peer=1001), Outcome("n1", FAILED, "died", peer=1005)],
            ["failed: n1 (peers 1001,1005): died"],
        ),
        ([Outcome("n1", FAILED, "died", peer=1)] * 2, ["failed: n1 (peer 1): died"]),
        ([Outcome("a", SKIPPED, "an earlier peer failed")], ["skipped: a: an earlier peer failed"]),
        ([Outcome("a", INTERRUPTED)], ["interrupted: a"]),
        ([Outcome("a", FAILED, "x\n\x1b[2Jy")], ["failed: a: x\\n\\x1b[2Jy"]),
    ],
)
def test_error_lines(outcomes: list[Outcome], lines: list[str]) -> None:
    assert list(error_lines(outcomes)) == lines


def test_hosts_out_of_reach_are_one_command() -> None:
    """Each has a host key of its own, so each error is another."""
    unknown = [Outcome(f"node{number}", UNREACHABLE, f"unknown host key {number}", "note it") for number in (1, 2, 3)]
    assert next_commands(FLEET, unknown) == ("fab check --limit 'node[1-3]'",)
    assert next_commands(FLEET, [*unknown[:1], Outcome("alpha", FAILED, "disk full"), Outcome("node2")]) == (
        "fab check --limit node1",
        "fab up",
    )
    assert next_commands(FLEET, []) == ()
    named = dataclasses.replace(FLEET, source="f.yaml", hosts_list="my hosts")
    assert next_commands(named, unknown[:1]) == ("fab check --inventory f.yaml --hosts 'my hosts' --limit node1",)


def test_all_good() -> None:
    verdict = judge(FLEET, GOOD, proof=HASH)
    assert verdict.code == 0
    assert verdict.lines == ()
    assert verdict.sentence == "TheFile.dat is complete on all 4 hosts"
    assert [row.verdict for row in verdict.rows] == ["ok"] * 4
    assert verdict.rows[0].cells[:6] == ("1001", "alpha", "16/16", "1,048,576", "-", HASH)
    assert verdict.rows[1].cells[:6] == ("1002", "node1", "16/16", "1,048,576", "2.2", HASH)


def test_copies_are_compared_without_a_manifest_too() -> None:
    assert judge(FLEET, GOOD).code == 0
    mixed = [*GOOD[:3], GOOD[3]._replace(proof=OTHER)]
    verdict = judge(FLEET, mixed)
    assert verdict.code == 1
    assert verdict.lines == (
        "failed: node3 (peer 1004): its hash differs from that of the other peers: see its log, then run it again",
    )
    assert [row.good for row in verdict.rows] == [True, True, True, False]


def test_a_hash_that_is_not_the_manifests_is_never_good() -> None:
    verdict = judge(FLEET, GOOD, proof=OTHER)
    assert verdict.code == 1
    assert not any(row.good for row in verdict.rows)
    assert verdict.sentence == "TheFile.dat is complete on 0 of 4 hosts"
    assert verdict.lines == (
        "failed: alpha, node[1-3] (peers 1001-1004): its hash differs from that of the manifest: "
        "see its log, then run it again",
    )


def test_hashes_in_capitals_are_the_same() -> None:
    assert judge(FLEET, GOOD, proof=HASH.upper()).code == 0


def test_a_copy_without_a_hash_is_not_good() -> None:
    verdict = judge(FLEET, [*GOOD[:3], GOOD[3]._replace(proof="")], proof=HASH)
    assert verdict.code == 1
    assert verdict.rows[3].verdict == "its hash isn't known"


def test_no_copies_at_all_is_a_failure() -> None:
    verdict = judge(FLEET, [])
    assert verdict.code == 1
    assert verdict.rows[0].cells[2:] == ("-", "-", "-", "-", "never checked") and not verdict.rows[0].good
    assert verdict.lines == (
        "failed: alpha, node[1-3] (peers 1001-1004): its copy was never checked: see its log, then run it again",
    )


@pytest.mark.parametrize(
    ("copy", "outcome", "code", "line", "cell"),
    [
        (
            None,
            Outcome("node3", UNREACHABLE, "timed out", "is it up?"),
            4,
            "unreachable: node3: timed out: is it up?",
            "unreachable: timed out",
        ),
        (
            None,
            Outcome("node3", FAILED, "port 6008 is taken", "stop who has it", 1004),
            1,
            "failed: node3 (peer 1004): port 6008 is taken: stop who has it",
            "failed: port 6008 is taken",
        ),
        (None, Outcome("node3", INTERRUPTED), 130, "interrupted: node3", "interrupted"),
        (
            Copy(1004, False, "", "", 65536, 1, 16, None, "15 of 16 pieces are missing"),
            None,
            1,
            "failed: node3 (peer 1004): 15 of 16 pieces are missing: see its log, then run it again",
            "15 of 16 pieces are missing",
        ),
        (
            Copy(1004, False),
            None,
            1,
            "failed: node3 (peer 1004): its copy is incomplete: see its log, then run it again",
            "its copy is incomplete",
        ),
        (
            Copy(1004, False, problem="incomplete"),
            Outcome("node3", FAILED, "incomplete", "wait", 1004),
            1,
            "failed: node3 (peer 1004): incomplete: wait",
            "incomplete",
        ),
    ],
)
def test_one_bad_peer_is_named_once(
    copy: Copy | None, outcome: Outcome | None, code: int, line: str, cell: str
) -> None:
    verdict = judge(FLEET, [*GOOD[:3], *([copy] if copy else [])], [outcome] if outcome else [], HASH)
    assert verdict.code == code
    assert verdict.lines == (line,)
    assert verdict.rows[3].verdict == cell
    assert [row.good for row in verdict.rows] == [True, True, True, False]
    assert verdict.sentence == "TheFile.dat is complete on 3 of 4 hosts"


def test_an_error_counts_although_every_copy_is_good() -> None:
    verdict = judge(FLEET, GOOD, [Outcome("node1", FAILED, "its log could not be fetched")], HASH)
    assert verdict.code == 1
    assert all(row.good for row in verdict.rows)


def test_only_selected_peers_are_judged() -> None:
    verdict = judge(limited(FLEET, "node2"), GOOD[2:3], proof=HASH)
    assert verdict.code == 0
    assert [row.peer for row in verdict.rows] == [1003]
    assert verdict.sentence == "TheFile.dat is complete on its one host"


def test_copies_of_strangers_change_nothing() -> None:
    assert judge(FLEET, [*GOOD, Copy(7, True, HASH)], proof=HASH).rows == judge(FLEET, GOOD, proof=HASH).rows


def test_rows_come_in_peerinfo_order_whatever_came_first() -> None:
    assert [row.peer for row in rows(FLEET, GOOD[::-1])] == [1001, 1002, 1003, 1004]


def test_pieces_without_a_total() -> None:
    assert rows(FLEET, [GOOD[0]._replace(total=None)])[0].cells[2] == "16/?"


def test_what_goes_wrong_after_the_verdict_is_in_it_too() -> None:
    verdict = judge(FLEET, GOOD, [])
    later = amended(FLEET, verdict, [Outcome("node2", FAILED, "`current` can't be turned", "make room")])
    assert (verdict.code, later.code, later.rows) == (0, 1, verdict.rows)
    assert later.lines == ("failed: node2: `current` can't be turned: make room",)
    assert [failure.hosts for failure in later.failures] == [("node2",)]


def test_a_long_error_keeps_the_way_out_at_its_end() -> None:
    """A root file system has fifty links that lead out of it, and twenty of them are named."""
    names = ", ".join(f"etc/alternatives/name-{number} -> /usr/bin/name-{number}" for number in range(20))
    (line,) = error_lines([Outcome("a", FAILED, f"54 links can't be kept: {names}", "write `links: follow`")])
    assert "name-19" in line and line.endswith("write `links: follow`")
    (cut,) = error_lines([Outcome("a", FAILED, "x" * 5000, "y\n")])
    assert len(cut) < 2100 and cut.startswith("failed: a: xxx") and " ... " in cut and cut.endswith("y\\n")

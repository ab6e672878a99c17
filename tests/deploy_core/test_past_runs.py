"""What is remembered of past runs."""

from __future__ import annotations

import json

import pytest

from deploy.core.pastruns import HEADINGS, past_run

GOOD = {
    "payload": "model",
    "bytes": 30_000_000,
    "sha256": "ab" * 32,
    "hosts": 3,
    "complete_hosts": 2,
    "user_seconds": 6.44,
    "exit_code": 1,
    "peers": [{"host": "a", "seconds": None}, {"host": "b", "seconds": 1.95}, {"host": "c", "seconds": 0.5}],
}


def test_a_run_is_a_row() -> None:
    one = past_run("r1", "2026-01-31 12:05:01", "me", json.dumps(GOOD))
    assert dict(zip(HEADINGS, one.cells)) == {
        "run": "r1",
        "when": "2026-01-31 12:05:01",
        "who": "me",
        "payload": "model",
        "size": "28.6 MiB",
        "sha256": "abababababab",
        "hosts": "2 of 3",
        "seconds": "6.4",
        "slowest": "b 1.9 s",
        "result": "failed (1)",
    }


@pytest.mark.parametrize(
    "summary",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"payload": 1}',
        json.dumps({**GOOD, "peers": 3}),
        json.dumps({**GOOD, "hosts": "x"}),
    ],
)
def test_a_run_without_a_readable_summary_came_to_no_verdict(summary: str) -> None:
    one = past_run("r1", "then", "me", summary)
    assert one.cells == ("r1", "then", "me", *"-" * 6, "no verdict")


def test_a_payload_s_name_can_t_write_on_the_terminal() -> None:
    one = past_run(
        "r1", "then", "me", json.dumps({**GOOD, "payload": "a\x1b[2Jb", "sha256": None, "peers": [], "exit_code": 0})
    )
    assert one.cells[3:] == ("a\\x1b[2Jb", "28.6 MiB", "-", "2 of 3", "6.4", "-", "ok")

"""Rows of tables from what hosts say of their peers, and columns that are text."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.core.columns import columns
from deploy.core.inventory import Peer
from deploy.core.statustable import HEADINGS, status_row, tolerated_lines
from deploy.core.summary import run_seconds
from deploy.core.verdict import BRIEF_COLUMNS, COLUMNS, Copy, Row

STATUS: dict[str, Any] = {
    "state": "downloading", "pieces": 3, "total": 8, "rate_down": 2**20, "rate_up": 0, "reason": "", "started": 100.0,
    "completed": 0.0, "exit_code": None,
}  # fmt: skip
KILLED = "killed while downloading, with 3 of 8 pieces"
PEER = Peer(1002, "b", 6008, False)


def about(alive: bool = True, stderr: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {"alive": alive, "stderr": list(stderr), "status": {**STATUS, **fields}}


@pytest.mark.parametrize(
    ("said", "trouble", "cells"),
    [
        (None, "", ("unknown", "-", "-", "-", "")),
        (None, "connection refused", ("unknown", "-", "-", "-", "connection refused")),
        ({"alive": False, "stderr": ["a", "b"], "status": None}, "", ("never started", "-", "-", "-", "b")),
        (about(), "", ("downloading", "3/8", "1 MiB/s", "0 B/s", "")),
        (about(reason="choked by 1001"), "", ("downloading", "3/8", "1 MiB/s", "0 B/s", "choked by 1001")),
        (about(alive=False), "", ("killed (downloading)", "3/8", "-", "-", "")),
        (about(alive=False, state="done", pieces=8, exit_code=0), "", ("done", "8/8", "-", "-", "")),
    ],
)
def test_status_rows(said: dict[str, Any] | None, trouble: str, cells: tuple[str, ...]) -> None:
    made = status_row(PEER, said, trouble)
    assert made == ("1002", "b", *cells)
    assert len(made) == len(HEADINGS)


def test_what_a_peer_tolerates_is_a_line_each() -> None:
    told = about(tolerated=["1003 requests while choked (12 times)", "1004 says hello\x1b[2J"])
    assert tolerated_lines(PEER, told) == (
        "peer 1002 tolerates: 1003 requests while choked (12 times)",
        "peer 1002 tolerates: 1004 says hello\\x1b[2J",
    )
    assert tolerated_lines(PEER, None) == tolerated_lines(PEER, {"status": None}) == ()


@pytest.mark.parametrize(
    ("status", "copy"),
    [
        ({}, Copy(1002, False, problem="its peer was never started", remedy="`fab up` starts it")),
        (STATUS, Copy(1002, False, pieces=3, total=8, problem=KILLED, remedy="`fab up` goes on with what it has")),
        ({**STATUS, "completed": 104.5, "pieces": 8}, Copy(1002, True, pieces=8, total=8, seconds=4.5)),
        ({**STATUS, "state": "done", "pieces": 8}, Copy(1002, True, pieces=8, total=8)),
    ],
)
def test_a_copy_by_its_status(status: dict[str, Any], copy: Copy) -> None:
    assert Copy.of_status(1002, {"alive": False, "status": status or None, "stderr": ()}) == copy


@pytest.mark.parametrize(
    ("found", "status", "copy"),
    [
        ({"peer": 1002}, {}, Copy(1002, False)),
        ({"peer": 1002, "ok": "yes"}, {}, Copy(1002, False)),  # a host's nonsense is no proof
        ({"peer": 1002, "ok": False, "problem": "wrong bytes"}, {}, Copy(1002, False, problem="wrong bytes")),
        (
            {"peer": 1002, "ok": False, "problem": "/p/f: no such file or directory"},
            STATUS,
            Copy(1002, False, problem=KILLED, remedy="`fab up` goes on with what it has", pieces=3, total=8),
        ),
        (
            {"peer": 1002, "ok": True, "proof": "cd", "sha256": "ab", "bytes": 7},
            {**STATUS, "completed": 101.0},
            Copy(1002, True, "cd", "ab", 7, 3, 8, 1.0),
        ),
    ],
)
def test_a_copy_by_its_check(found: dict[str, Any], status: dict[str, Any], copy: Copy) -> None:
    assert Copy.of_check(found, {"alive": False, "status": status, "stderr": ()}) == copy


@pytest.mark.parametrize(
    ("times", "seconds"),
    [([], None), ([(5.0, 0.0)], None), ([(5.0, 9.0)], 4.0), ([(5.0, 9.0), (4.0, 0.0), (6.0, 12.0)], 8.0)],
)
def test_the_time_of_a_run(times: list[tuple[float, float]], seconds: float | None) -> None:
    assert run_seconds({"started": begun, "completed": done} for begun, done in times) == seconds


def test_the_columns_of_a_verdict_are_those_of_its_rows() -> None:
    row = Row(1, "a", 3, 8, 7000, None, "ab", "ok", True)
    assert row.cells == ("1", "a", "3/8", "7,000", "-", "ab", "ok")
    assert set(Row._fields) - set(COLUMNS) == {"good", "sources", "total"}
    assert dict(zip(BRIEF_COLUMNS, row.brief)).items() <= dict(zip(COLUMNS, row.cells)).items()
    assert set(COLUMNS) - set(BRIEF_COLUMNS) == {"sha256"}


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], ()),
        ([("a", "bb", "")], ("a  bb",)),
        ([("a", "bb", "c"), ("aaa", "", "cc")], ("a    bb  c", "aaa      cc")),
    ],
)
def test_columns(rows: list[tuple[str, ...]], lines: tuple[str, ...]) -> None:
    assert columns(rows) == lines

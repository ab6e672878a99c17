"""The board of a swarm started by hand: a line for each peer, whatever is known of it."""

from __future__ import annotations

from typing import Dict

from peer.core.board import SILENT_SECONDS, all_ended, board
from peer.core.status import DONE, DOWNLOADING, FAILED, Status

NOW = 1_700_000_000.0


def status(peer: int, state: str, updated: float = NOW, pieces: int = 3) -> Status:
    return Status(peer, "", state, "classic", True, 6008, 1, pieces, 10, 100, updated=updated, reason="no <b>\x1b[2J")


STATUSES: Dict[int, Status] = {
    1001: status(1001, DONE, NOW - 60, 10),
    1002: status(1002, DOWNLOADING),
    1003: status(1003, DOWNLOADING, NOW - SILENT_SECONDS - 2),
}


def test_each_peer_has_a_line_and_the_last_is_the_sum() -> None:
    lines = board([1001, 1002, 1003, 1004], STATUSES, NOW, 200)
    assert lines[0].startswith("peer 1001: done, 10 of 10 pieces (100%)") and "silent" not in lines[0]
    assert lines[1].startswith("peer 1002: downloading, 3 of 10 pieces (30%)") and "silent" not in lines[1]
    assert lines[2].endswith("(silent for 7 s)")
    assert lines[3] == "peer 1004: no status: not started yet, or another program"
    assert lines[4:] == ["1 of 4 peers are done"]


def test_lines_fit_and_hold_nothing_that_a_terminal_obeys() -> None:
    for width in (20, 40, 80):
        lines = board([1001, 1002, 1003, 1004], STATUSES, NOW, width)
        assert all(len(line) <= width and line.isprintable() for line in lines)


def test_it_ends_when_every_peer_has_ended_however() -> None:
    assert not all_ended([1001, 1002], STATUSES)
    assert not all_ended([1001, 1004], STATUSES)
    assert all_ended([1001, 1002], {**STATUSES, 1002: status(1002, FAILED)})

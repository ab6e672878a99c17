"""A peer's status as one line of a terminal."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from peer.core.status import Neighbour, Status
from peer.core.statusline import format_status_line

BASE = Status(1001, "", "downloading", "classic", True, 6008, 7, pieces=120, total=320, size=1000)


@pytest.mark.parametrize(
    ("fields", "width", "line"),
    [
        (
            {"rate_down": 11.0 * 2**20, "neighbours": (Neighbour(1002, True), Neighbour(1003, False))},
            200,
            "peer 1001: downloading, 120 of 320 pieces (37%), down 11 MiB/s, up 0 B/s, 1 of 2 neighbours",
        ),
        ({"state": "checking", "listening": False}, 200, "peer 1001: checking, 120 of 320 pieces (37%)"),
        ({"state": "done", "pieces": 320}, 200, "peer 1001: done, 320 of 320 pieces (100%)"),
        ({"state": "done", "pieces": 0, "total": 0}, 200, "peer 1001: done, 0 of 0 pieces (100%)"),
        (
            {"state": "incomplete", "reason": "1002: \x1b[2J\nhe left"},
            200,
            "peer 1001: incomplete, 120 of 320 pieces (37%); 1002: ?[2J?he left",
        ),
        ({"state": "done"}, 20, "peer 1001: done, ..."),
    ],
)
def test_lines(fields: Dict[str, Any], width: int, line: str) -> None:
    assert format_status_line(BASE._replace(**fields), width) == line

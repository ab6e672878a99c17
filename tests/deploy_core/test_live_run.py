"""A run that is going on, as its page shows it: the same values as the console's, bounded, and whole without news."""

from __future__ import annotations

import base64

import pytest

from deploy.core.progress import Progress
from deploy.core.runreport import liverun
from deploy.core.runreport.liverun import LiveRun
from deploy.core.runreport.pieceways import NEVER
from peer.core.noted import format_noted
from peer.core.status import Neighbour
from tests.deploy_core.test_progress import inventory, line, status


def told(live: LiveRun, progress: Progress, **fields: object) -> None:
    known = {"started": 100.0, "updated": 100.0, "size": 1000, **fields}
    lines = progress.see(status(1002, **known))
    live.tick(progress, lines)


def test_before_there_is_a_swarm_it_says_what_is_done() -> None:
    live = LiveRun(inventory(3))
    live.doing = "pushing"
    data = live.data("", 1.5)
    assert (data["sentence"], data["live"], data["complete_hosts"], data["hosts"]) == ("pushing", True, 0, 3)
    assert [one["verdict"] for one in data["peers"]] == [None, None, None]


def test_it_shows_what_the_console_shows() -> None:
    progress, live = Progress(inventory(3), "r1"), LiveRun(inventory(3))
    told(live, progress, state="downloading", pieces=2)
    told(live, progress, updated=101.0, pieces=4, neighbours=(Neighbour(1001, True, bytes_down=400),))
    live.tick(progress, progress.see(line("Peer 1002 has the preferred neighbors 1001, 1003.", peer=1002)))
    data = live.data("r1", 2.0)
    assert data["sentence"].startswith("0 of 3 complete") and data["run"] == "r1"
    assert data["matrix"]["cells"] == [[0, 1, 400]]
    assert [one["peer"] for one in data["choices"]] == [1002]
    assert data["lines"] and "preferred" in data["lines"][0]
    told(live, progress, updated=103.0, pieces=10, state="seeding", completed=102.0)
    row = live.data("r1", 3.0)["peers"][1]
    assert (row["good"], row["seconds"], row["pieces"]) == (True, 2.0, 10)


def test_a_peer_that_changes_its_mind_for_ever_fills_nothing() -> None:
    progress, live = Progress(inventory(3), "r1"), LiveRun(inventory(3))
    for number in range(3 * liverun.MOST_NOTES):
        told(live, progress, updated=100.0 + number / 2, reason=f"reason {number}")
    assert len(live._followed[1002].trace.notes) == liverun.MOST_NOTES


def test_pieces_are_drawn_as_they_come() -> None:
    """By their times alone: from whom they came is not told before the end."""
    progress, live = Progress(inventory(3), "r1"), LiveRun(inventory(3))
    told(live, progress, pieces=2, noted=format_noted(0b11, 10))  # it had them when it began
    told(live, progress, updated=102.0, pieces=3, noted=format_noted(0b111, 10), bytes_down=100)
    told(live, progress, updated=104.0, pieces=4, noted=format_noted(0b1000000111, 10), bytes_down=200)
    told(live, progress, updated=104.0, pieces=4, noted="nonsense", bytes_down=200)
    ways = live.data("r1", 4.0)["ways"]
    times = base64.b64decode(ways["times"])
    assert ways["rows"] == [1] and [at for at, when in enumerate(times) if when != NEVER] == [2, 9]
    assert times[2] == times[9] // 2 and set(base64.b64decode(ways["sources"])) == {0xFF}


def test_of_very_many_peers_no_pieces_are_drawn_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liverun, "MOST_PEERS", 2)
    progress, live = Progress(inventory(3), "r1"), LiveRun(inventory(3))
    told(live, progress, pieces=1, noted=format_noted(1, 10), bytes_down=100)
    assert live.data("r1", 4.0)["ways"]["rows"] == []

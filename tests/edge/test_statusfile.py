"""The status names a reason whenever a peer stands still, also while it goes forward for others alone."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Tuple

import pytest

from peer.core import bits, status
from peer.core import folder as names
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.setup import Setup
from peer.core.status import Status
from peer.core.swarm import Swarm
from peer.core.swarmfile import FLEET
from peer.edge import statusfile
from peer.edge.statusfile import StatusFile

ROWS = (PeerRow(1001, "localhost", 6008, True), PeerRow(1002, "localhost", 6009, False))
BASE = Status(1002, "run", status.DOWNLOADING, FLEET, True, 6009, 1, 0, 20, 20_000)


def written(folder: Path, pieces: int, progress: float) -> Status:
    """The status of a peer that has so many pieces, last went forward `progress` seconds from now, and hears nobody."""
    setup = Setup(1002, ROWS, Common(2, 1, 2, "f", 20_000, 1000), FLEET, Limits(), 20)
    swarm = Swarm(setup, bits.full(pieces), pieces == 20, Random(1))
    file = StatusFile(str(folder), BASE)
    swarm.leaving.progress = time.monotonic() + progress
    file.write(swarm, {})
    return status.parse_status((folder / names.status(1002)).read_text())


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second has to pass before a peer stands still."""
    monkeypatch.setattr(statusfile, "STALL_SECONDS", 0.0)


def test_who_lacks_pieces_and_gets_none_says_so_although_it_sends_some(tmp_path: Path) -> None:
    assert written(tmp_path, 5, progress=1000.0).reason == "1001 unreachable: not connected yet"


def test_who_has_all_and_sends_is_content(tmp_path: Path) -> None:
    assert written(tmp_path, 20, progress=1000.0).reason == ""


def test_who_has_all_and_serves_nobody_says_for_whom_it_waits(tmp_path: Path) -> None:
    assert written(tmp_path, 20, progress=-1.0).reason == "waiting for 1001 (not connected yet)"


def test_the_rate_of_a_check_is_the_mean_since_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    swarm = Swarm(Setup(1002, ROWS, Common(2, 1, 2, "f", 20_000, 1000), FLEET, Limits(), 20), 0, False, Random(1))
    file = StatusFile(str(tmp_path), BASE)

    def told(later: float, found: int, unchecked: int) -> Tuple[str, int, float]:
        nonlocal now
        now += later
        swarm.finding.found, swarm.pieces.unchecked = found, unchecked
        file.write(swarm, {})
        one = status.parse_status((tmp_path / names.status(1002)).read_text())
        return one.state, one.checked, one.rate_checked

    swarm.pieces.settled = False
    assert told(5, 0, bits.full(20)) == (status.CHECKING, 0, 0.0)
    assert told(1, bits.full(20), bits.full(20)) == (status.CHECKING, 0, 0.0)
    assert told(1, bits.full(20), bits.full(12)) == (status.CHECKING, 8000, 4000.0)
    assert told(2, bits.full(20), bits.full(12)) == (status.CHECKING, 8000, 2000.0)
    swarm.pieces.settled = True
    assert told(1, bits.full(20), 0) == (status.DOWNLOADING, 20_000, 0.0)

"""The status names a reason whenever a peer stands still, also while it goes forward for others alone."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import Any, List, Tuple, cast

import pytest

from peer.core import bits, status
from peer.core import folder as names
from peer.core.config import Common, PeerRow
from peer.core.events import Connected, Event, PieceStored, Tick
from peer.core.limits import Limits
from peer.core.setup import Setup
from peer.core.status import Status
from peer.core.swarm import Swarm
from peer.core.swarmfile import FLEET
from peer.core.tuples import NamedTuple
from peer.edge import statusfile
from peer.edge.statusfile import AT_REST, EVERY, StatusFile

ROWS = (PeerRow(1001, "localhost", 6008, True), PeerRow(1002, "localhost", 6009, False))
BASE = Status(1002, "run", status.DOWNLOADING, FLEET, True, 6009, 1, 0, 20, 20_000)


class StubLink(NamedTuple):
    """What the status reads of a connection."""

    received: int = 0
    sent: int = 0
    payload: int = 0
    pieces_sent: int = 0
    peer: int = 1001


def make_swarm(pieces: int) -> Swarm:
    setup = Setup(1002, ROWS, Common(2, 1, 2, "f", 20_000, 1000), FLEET, Limits(), 20)
    return Swarm(setup, bits.full(pieces), pieces == 20, Random(1))


def written(folder: Path, pieces: int, progress: float) -> Status:
    """The status of a peer that has so many pieces, last went forward `progress` seconds from now, and hears nobody."""
    swarm = make_swarm(pieces)
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
    swarm = make_swarm(0)
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


def pauses(folder: Path, clock: List[float], links: Any) -> List[float]:
    """The times between statuses, each written when it is due, with these connections."""
    file, swarm, found = StatusFile(str(folder), BASE), make_swarm(5), []
    for link in links:
        file.write(swarm, {1001: link})
        found.append(file.due - clock[0])
        clock[0] = file.due
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The steady clock: its time is the first."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_messages_alone_are_rest_which_begins_step_by_step(tmp_path: Path, clock: List[float]) -> None:
    links = [StubLink(received=count, sent=2 * count) for count in range(5)]
    assert pauses(tmp_path, clock, links) == [EVERY, 2 * EVERY, AT_REST, AT_REST, AT_REST]


@pytest.mark.parametrize("field", ["payload", "pieces_sent"])
def test_a_peer_that_transfers_tells_it_soon(tmp_path: Path, clock: List[float], field: str) -> None:
    links = [StubLink(**{field: count}) for count in (0, 0, 0, 1, 2, 2)]
    assert pauses(tmp_path, clock, links) == [EVERY, 2 * EVERY, AT_REST, EVERY, EVERY, 2 * EVERY]


@pytest.mark.parametrize(
    "event, ends", [(PieceStored(1001, 3), True), (Connected(1001, True, True), True), (Tick({}, {}, {}, {}), False)]
)
def test_what_a_person_sees_ends_a_rest(tmp_path: Path, clock: List[float], event: Event, ends: bool) -> None:
    file, swarm = StatusFile(str(tmp_path), BASE), make_swarm(5)
    for _ in range(3):
        file.write(swarm, {})
    written = clock[0]
    clock[0] += 1.0
    file.note(event)
    assert file.due == written + (EVERY if ends else AT_REST)


def test_bytes_of_a_connection_that_has_ended_are_no_new_work(tmp_path: Path, clock: List[float]) -> None:
    file, swarm, link = StatusFile(str(tmp_path), BASE), make_swarm(5), cast(Any, StubLink(payload=7, pieces_sent=8))
    file.write(swarm, {1001: link})
    file.parted(link)
    file.write(swarm, {})
    assert file.due == clock[0] + 2 * EVERY

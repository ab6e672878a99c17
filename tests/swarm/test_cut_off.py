"""Real peers on hosts of a lab, one of which is cut off in the middle: healed later, or never."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import pytest

from peer.core.swarmfile import FLEET
from rigs.soaking.machines import LabMachines
from rigs.soaking.rounddirs import RoundDirs
from rigs.soaking.roundpeers import RoundPeers
from rigs.soaking.roundplan import Round
from tests.helpers.waiting import wait_for
from tests.lab.conftest import lab_possible

__all__ = ["lab_possible"]

RATE = 40.0  # Mbit/s
SWARM = Round("cut", 1, FLEET, True, 4, (0,), 8_000_000, 65_536, False, RATE, 16, (), patience=20.0)
SEED, LOST, *REST = range(SWARM.peers)


@pytest.fixture(scope="module")
def machines(lab_possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabMachines]:  # noqa: ARG001
    with LabMachines(tmp_path_factory.mktemp("cut"), SWARM.peers) as made:
        yield made


StartPeers = Callable[[Round], "tuple[RoundDirs, RoundPeers]"]


@pytest.fixture
def start_peers(machines: LabMachines, tmp_path: Path) -> Iterator[StartPeers]:
    """Starts the peers of a round, each on its host; none survives the test."""
    made = []

    def make(swarm: Round) -> "tuple[RoundDirs, RoundPeers]":
        dirs = RoundDirs(swarm, machines.prepare(swarm.peers, swarm.rate), tmp_path / "payload")
        made.append(RoundPeers(dirs))
        for place in range(swarm.peers):
            made[-1].start(place)
        return dirs, made[-1]

    yield make
    for peers in made:
        peers.end()


def cut_half_way(machines: LabMachines, dirs: RoundDirs) -> None:
    """Part one host from the others when its peer has some of the pieces, and wait until the others have all."""
    total = dirs.manifest.piece_count
    wait_for(lambda: len(dirs.held(LOST)) > total // 10, "some pieces")
    machines.part(LOST)
    wait_for(lambda: all(dirs.final(place).exists() for place in REST), "the others to be whole")
    assert len(dirs.held(LOST)) < total, "it was cut off half-way"


def wait_code(peers: RoundPeers, place: int) -> int:
    wait_for(lambda: peers.code(place) is not None, f"the end of the peer at {place}")
    code = peers.code(place)
    assert code is not None
    return code


def test_a_host_cut_off_and_healed_reconnects_and_finishes(machines: LabMachines, start_peers: StartPeers) -> None:
    """The others are whole meanwhile, and wait for it."""
    dirs, peers = start_peers(SWARM)
    cut_half_way(machines, dirs)
    assert peers.alive == list(range(SWARM.peers)), "they wait for it"
    machines.join(LOST)
    for place in range(SWARM.peers):
        assert wait_code(peers, place) == 0, dirs.words(place).read_text()
        assert dirs.problem(place) == ""
        assert dirs.words(place).read_text() == ""


def test_a_host_cut_off_for_good_is_named_by_the_others_which_finish(
    machines: LabMachines, start_peers: StartPeers
) -> None:
    dirs, peers = start_peers(SWARM._replace(patience=3.0))
    cut_half_way(machines, dirs)
    for place in (SEED, *REST):
        assert wait_code(peers, place) == 0, dirs.words(place).read_text()
        assert dirs.problem(place) == ""
    assert "waiting for 1002 (" in dirs.words(SEED).read_text()
    for place in REST:  # who hadn't met it yet leaves it to those who had
        words = dirs.words(place).read_text()
        assert not words or "waiting for 1002 (" in words
    assert wait_code(peers, LOST) == 3
    assert "peer 1002: incomplete: " in dirs.words(LOST).read_text()
    assert not dirs.final(LOST).exists()

"""Real peers on hosts of a lab, one of which is cut off in the middle: healed later, or never."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import pytest

from peer.core.swarmfile import FLEET
from rigs.soaking.machines import LabGround
from rigs.soaking.rounddir import Camp
from rigs.soaking.roundpeers import Cast
from rigs.soaking.roundplan import Round
from tests.helpers.waiting import wait_for
from tests.lab.conftest import lab_possible

__all__ = ["lab_possible"]

RATE = 40.0  # Mbit/s
SWARM = Round("cut", 1, FLEET, True, 4, (0,), 8_000_000, 65_536, False, RATE, 16, (), patience=20.0)
SEED, LOST, *REST = range(SWARM.peers)


@pytest.fixture(scope="module")
def ground(lab_possible: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabGround]:  # noqa: ARG001
    with LabGround(tmp_path_factory.mktemp("cut"), SWARM.peers) as made:
        yield made


MakeCast = Callable[[Round], "tuple[Camp, Cast]"]


@pytest.fixture
def make_cast(ground: LabGround, tmp_path: Path) -> Iterator[MakeCast]:
    """Starts the peers of a round, each on its host; none survives the test."""
    made = []

    def make(swarm: Round) -> "tuple[Camp, Cast]":
        camp = Camp(swarm, ground.stands(swarm.peers, swarm.rate), tmp_path / "payload")
        made.append(Cast(camp))
        for place in range(swarm.peers):
            made[-1].start(place)
        return camp, made[-1]

    yield make
    for cast in made:
        cast.end()


def cut_half_way(ground: LabGround, camp: Camp) -> None:
    """Part one host from the others when its peer has some of the pieces, and wait until the others have all."""
    total = camp.manifest.piece_count
    wait_for(lambda: len(camp.held(LOST)) > total // 10, "some pieces")
    ground.part(LOST)
    wait_for(lambda: all(camp.final(place).exists() for place in REST), "the others to be whole")
    assert len(camp.held(LOST)) < total, "it was cut off half-way"


def wait_code(cast: Cast, place: int) -> int:
    wait_for(lambda: cast.code(place) is not None, f"the end of the peer at {place}")
    code = cast.code(place)
    assert code is not None
    return code


def test_a_host_cut_off_and_healed_reconnects_and_finishes(ground: LabGround, make_cast: MakeCast) -> None:
    """The others are whole meanwhile, and wait for it."""
    camp, cast = make_cast(SWARM)
    cut_half_way(ground, camp)
    assert cast.alive == list(range(SWARM.peers)), "they wait for it"
    ground.join(LOST)
    for place in range(SWARM.peers):
        assert wait_code(cast, place) == 0, camp.words(place).read_text()
        assert camp.problem(place) == ""
        assert camp.words(place).read_text() == ""


def test_a_host_cut_off_for_good_is_named_by_the_others_which_finish(ground: LabGround, make_cast: MakeCast) -> None:
    camp, cast = make_cast(SWARM._replace(patience=3.0))
    cut_half_way(ground, camp)
    for place in (SEED, *REST):
        assert wait_code(cast, place) == 0, camp.words(place).read_text()
        assert camp.problem(place) == ""
        assert "waiting for 1002 (" in camp.words(place).read_text()
    assert wait_code(cast, LOST) == 3
    assert "peer 1002: incomplete: " in camp.words(LOST).read_text()
    assert not camp.final(LOST).exists()

"""Zones with a slow way between, simulated: what crosses it, when all goes well and when members of a zone die."""

from __future__ import annotations

from typing import List, Sequence

import pytest

from peer.core.limits import Limits
from tools.sim.growth import Growth, Outcome, Payload, Wire, Zoning
from tools.sim.wires import Rates
from tools.sim.world import SimPeer

ZONES, HOSTS = 2, 4
RATE = 200 * 125_000.0  # bytes a second; between the zones a quarter of it
PIECES, PIECE = 128, 256 * 1024


@pytest.fixture
def swarm() -> Growth:
    """Two zones of four hosts; the seed is in the first."""
    return made(ZONES, RATE / 4)


def made(zones: int, between: float) -> Growth:
    rates = [Rates(RATE, RATE)] * (zones * HOSTS)
    zoning = Zoning(zones, HOSTS, between, told=True)
    return Growth(Payload(PIECES, PIECE), rates, Limits(patience=30.0), Wire(0.0005, 64 * 1024), 1, zoning)


def crossed(swarm: Growth) -> float:
    """What came into both zones from the other one, in payloads."""
    ways = [peer.port.ways for peer in (swarm.peers[0], swarm.peers[-1])]
    return sum(way.into.carried for way in ways if way) / (PIECES * PIECE)


def test_where_the_way_between_is_what_all_wait_for_each_piece_crosses_it_once(swarm: Growth) -> None:
    """When turns of gates passed with time alone, 1.33 copies crossed, in 1.17 of the limit."""
    outcome = swarm.run()
    assert outcome.complete == ZONES * HOSTS - 1
    assert crossed(swarm) < 1.05
    assert outcome.ratio < 1.1


@pytest.mark.parametrize("places", [(5,), (4, 5, 6), (1, 2, 3)], ids=["one", "all but one", "all but the seed"])
def test_members_of_a_zone_that_die_hold_nothing_up(swarm: Growth, places: Sequence[int]) -> None:
    dead = [swarm.peers[place] for place in places]
    outcome = run_without(swarm, dead)
    assert outcome.complete == ZONES * HOSTS - 1 - len(dead)
    assert crossed(swarm) < 1.1
    assert outcome.ratio < 2.5


@pytest.mark.parametrize("dead", [(), (4, 5, 6, 7)], ids=["all live", "a zone dies"])
def test_by_a_scarce_way_each_piece_leaves_the_seeds_zone_once(dead: Sequence[int]) -> None:
    """It took 1.5 times the limit when each of the three other zones fetched from there what it could."""
    swarm = made(4, RATE / 8)
    outcome = run_without(swarm, [swarm.peers[place] for place in dead])
    assert outcome.complete == 4 * HOSTS - 1 - len(dead)
    assert outcome.ratio < (2.5 if dead else 1.3)


def test_members_of_a_zone_that_come_back_get_all_of_it(swarm: Growth) -> None:
    for peer in swarm.peers[4:]:
        swarm.world.at(1.0, swarm.world.kill, peer)
        swarm.world.at(3.0, swarm.world.begin, peer)
    outcome = swarm.run()
    assert outcome.complete == ZONES * HOSTS - 1
    assert crossed(swarm) < 1.15


def run_without(swarm: Growth, dead: List[SimPeer]) -> Outcome:
    for peer in dead:
        swarm.world.at(1.0, swarm.world.kill, peer)
    return swarm.run()

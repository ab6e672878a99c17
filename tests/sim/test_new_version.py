"""A new version of which little is new, simulated: the seed sends each new piece once, whoever dies meanwhile."""

from __future__ import annotations

from random import Random
from typing import Callable, List, Optional

import pytest

from peer.core import bits
from peer.core.events import Effect, Event, SendPiece
from tests.sim.newversion import VersionWorld, new_version
from tools.sim.wires import Rates
from tools.sim.world import SimPeer

MIB = 1024 * 1024
RATE = 12_500_000.0  # bytes a second: 100 Mbit/s
LARGE = 4 * MIB  # a piece of a payload of a GiB


def appended(seed: int, fresh: int, rate: float = RATE, piece: int = LARGE, hosts: int = 8) -> VersionWorld:
    """So many pieces at the end of a payload are new, and the hosts find out at different moments."""
    pieces = 40
    lacking = bits.full(pieces) & ~bits.full(pieces - fresh)
    world = new_version(seed, pieces, piece, lacking, [Rates(rate, rate)] * hosts, seconds=4.0)
    for peer in world.peers.values():
        world.begin(peer)
    return world


def copies(world: VersionWorld, fresh: int) -> float:
    """What the seed sent, in copies of what is new."""
    return world.peers[1001].sent_pieces / fresh


@pytest.mark.parametrize(
    "fresh, rate, piece", [(3, RATE, LARGE), (1, RATE, LARGE), (6, RATE, MIB), (3, RATE / 10, MIB)]
)
def test_the_seed_sends_few_large_pieces_once(fresh: int, rate: float, piece: int) -> None:
    """All ask it for the same pieces as soon as they have looked at what they have."""
    for seed in range(4):
        world = appended(seed, fresh, rate, piece)
        assert world.run(1000)
        assert copies(world, fresh) == 1.0
        assert all(peer.left and peer.left.code == 0 for peer in world.peers.values())


@pytest.mark.parametrize("delay", [0.1, 1.2], ids=["while it is sent", "when it has it"])
@pytest.mark.parametrize("kind", ["killed", "frozen"])
def test_who_was_to_pass_a_piece_on_and_is_gone_keeps_it_from_nobody(kind: str, delay: float) -> None:
    for seed in range(3):
        world = appended(seed, 3)
        gone: List[SimPeer] = []

        def watch(peer: SimPeer, _: Optional[Event], effects: List[Effect]) -> None:
            first = next((effect.peer for effect in effects if isinstance(effect, SendPiece)), None)
            if peer.id == 1001 and first and not gone:  # noqa: B023
                gone.append(world.peers[first])  # noqa: B023
                end: Callable[[SimPeer], None] = world.kill if kind == "killed" else world.freeze  # noqa: B023
                world.at(delay, end, gone[0])  # noqa: B023

        world.watch = watch
        world.run(60)
        others = [peer for peer in world.peers.values() if peer not in gone and peer.id != 1001]
        assert max(peer.completed or 1000.0 for peer in others) < 20.0
        assert copies(world, 3) < 3.5


def test_where_no_receiver_reaches_another_the_seed_serves_them_all() -> None:
    world = new_version(1, 40, LARGE, bits.full(2), [Rates(RATE, RATE)] * 4, seconds=1.0)
    world.no_inbound |= {1002, 1003, 1004}
    for peer in world.peers.values():
        world.begin(peer)
    world.run(60)
    assert max(peer.completed or 1000.0 for peer in list(world.peers.values())[1:]) < 20.0
    assert copies(world, 2) == 3.0


@pytest.mark.parametrize("fresh, of", [(5, 8), (20, 26), (90, 128)])
def test_a_version_of_which_most_is_new_counts_as_one(fresh: int, of: int) -> None:
    """Its hosts show it by any piece that they have and the seed never sent, however much it has sent since."""
    for seed in range(3):
        lacking = sum(1 << index for index in Random(seed).sample(range(of), fresh))
        world = new_version(seed, of, MIB, lacking, [Rates(RATE, RATE)] * 8, seconds=2.0)
        for peer in world.peers.values():
            world.begin(peer)
        assert world.run(100)
        assert copies(world, fresh) <= 1.02


@pytest.mark.parametrize("seeds, fresh, piece", [(2, 1, LARGE), (2, 6, LARGE), (3, 6, LARGE)])
def test_of_several_seeds_one_sends_a_piece(seeds: int, fresh: int, piece: int) -> None:
    """The others wait for it, and who asked them asks whoever has the piece by then."""
    for seed in range(3):
        world = of_several_seeds(seed, seeds, fresh, piece)
        for peer in world.peers.values():
            world.begin(peer)
        assert world.run(100)
        assert sum(world.peers[1001 + at].sent_pieces for at in range(seeds)) / fresh <= 1.25
        assert max(peer.completed or 1000.0 for peer in list(world.peers.values())[seeds:]) < 12.0


def test_nobody_waits_for_long_for_a_seed_that_never_comes() -> None:
    world = of_several_seeds(1, 2, 6, MIB)
    for peer in world.peers.values():
        if peer.id != 1002:
            world.begin(peer)
    world.run(60)
    assert max(peer.completed or 1000.0 for peer in list(world.peers.values())[2:]) < 20.0
    assert copies(world, 6) <= 1.2


def of_several_seeds(seed: int, seeds: int, fresh: int, piece: int) -> VersionWorld:
    """So many of 40 pieces are new, all over the payload."""
    lacking = sum(1 << index for index in Random(seed).sample(range(40), fresh))
    return new_version(seed, 40, piece, lacking, [Rates(RATE, RATE)] * (6 + seeds), seconds=4.0, seeds=seeds)


def test_who_had_nothing_before_takes_part() -> None:
    """A new host among those that have the older version: what it lacks comes from all of them."""
    world = new_version(1, 40, MIB, bits.full(2), [Rates(RATE, RATE)] * 6, seconds=1.0)
    del world.checks[1004]
    for peer in world.peers.values():
        world.begin(peer)
    assert world.run(100)
    assert all(peer.left and peer.left.code == 0 for peer in world.peers.values())

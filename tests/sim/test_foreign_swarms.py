"""Swarms of ours and foreign peers, whose habits chance gives: all of ours complete, and leave soon after the last.

Some dozens of seeds run here; `FOREIGN_SEEDS=2000 python -m pytest -n2 tests/sim/test_foreign_swarms.py` runs more.
"""

from __future__ import annotations

import os
from random import Random
from typing import Dict, List, Optional, Tuple

import pytest

from peer.core.dialling import DIAL_BACK
from peer.core.events import Effect, Event, Leave
from peer.core.swarmfile import CLASSIC, FLEET, Limits
from tests.sim.foreigncore import ForeignCore, Habits, draw_habits
from tools.sim import build
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

SEEDS = range(int(os.environ.get("FOREIGN_SEEDS", "96")))
PIECE = 16 * 1024
SOON = 3.0  # seconds from the last peer's completion to the end of ours ...
LATEST_START = 3.0
LIMIT = 400.0  # simulated seconds that no run may take
PATIENCE = 60.0


class ForeignWorld(World):
    """A world in which some peers are foreign."""

    def __init__(self, seed: int, size: int, habits: Dict[int, Habits]) -> None:
        super().__init__(seed, PIECE, size)
        self.wires.chunk = PIECE // 4
        self._habits = habits
        self.away = max(one.loses and one.loses + DIAL_BACK for one in habits.values())
        self.left: Dict[int, float] = {}
        self.watch = self._see

    @property
    def ours(self) -> List[SimPeer]:
        return [peer for peer in self.peers.values() if peer.id not in self._habits]

    @property
    def over(self) -> bool:
        return all(peer.id in self.left for peer in self.ours)

    def begin(self, peer: SimPeer) -> None:
        habits = self._habits.get(peer.id)
        if habits is None:
            super().begin(peer)
            return
        peer.alive = True
        core = ForeignCore(peer.setup, peer.disk, habits, Random(self.rng.random()), lambda: self.over)
        peer.core = core  # type: ignore[assignment]
        self._carry_out(peer, None, core.start(self.now))
        self._schedule_tick(peer)

    def _see(self, peer: SimPeer, _: Optional[Event], effects: List[Effect]) -> None:
        if any(isinstance(effect, Leave) for effect in effects):
            self.left.setdefault(peer.id, self.now)


def draw(seed: int) -> Tuple[ForeignWorld, str]:
    """Two to eight peers, one of ours at least, and one of the seeds serves."""
    rng = Random(f"foreign {seed}")
    count = rng.randint(2, 8)
    profile = rng.choice((CLASSIC, CLASSIC, FLEET))
    pieces = rng.choice((1, 3, 8, 20, 70))
    mine = set(rng.sample(range(count), rng.randint(1, count - 1)))
    first = rng.randrange(count)
    seeds = {first} | ({rng.randrange(count)} if count > 3 else set())
    habits = {
        build.FIRST_ID + place: draw_habits(rng, serves=place in seeds) for place in range(count) if place not in mine
    }
    world = ForeignWorld(seed, pieces * PIECE - rng.choice((0, 1, PIECE - 1)), habits)
    world.wires.jitter = rng.choice((0.0, 0.01, 0.1))
    rate = PIECE * rng.choice((10, 40, 200))
    agreed = build.Habits(Limits(PATIENCE, 16, 4), rng.choice((1, 2, 3)))
    profiles = [profile if place in mine else CLASSIC for place in range(count)]
    for peer in build.build(world, profiles, sorted(seeds), [Rates(rate, rate)] * count, agreed):
        world.at(rng.choice((0.0, 0.0, rng.uniform(0, LATEST_START))), world.begin, peer)
    return world, f"{profile}, {pieces} pieces, seeds {sorted(seeds)}, {habits}"


def faults_of(world: ForeignWorld) -> List[str]:
    """Who of ours didn't get everything, or left late."""
    faults = []
    completions = [peer.completed for peer in world.peers.values() if not peer.setup.rows[_place(peer)].has_file]
    lacking = [peer.id for peer in world.peers.values() if peer.disk != (1 << build.pieces_of(world)) - 1]
    # ... or from the time at which everybody has come, or was dialled after it had lost its connections.
    last = max(LATEST_START + world.away, *(when for when in completions if when is not None), 0.0)
    for peer in world.ours:
        left = peer.left
        if left is None or left.code or peer.id in lacking:
            faults.append(f"{peer.id}: {left}, lacking: {lacking}")
        elif not lacking and world.left[peer.id] > last + SOON:
            faults.append(f"{peer.id} left at {world.left[peer.id]:.2f}, the last one was complete at {last:.2f}")
        elif lacking:
            faults.append(f"{peer.id} left while {lacking} lacked pieces: {left}")
    return faults


def _place(peer: SimPeer) -> int:
    return peer.id - build.FIRST_ID


@pytest.mark.parametrize("seed", SEEDS)
def test_ours_complete_and_leave(seed: int) -> None:
    world, account = draw(seed)
    world.run(LIMIT)
    assert faults_of(world) == [], account

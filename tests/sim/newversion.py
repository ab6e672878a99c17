"""A swarm in simulated time whose receivers have an older version of the payload, and check what they have of it."""

from __future__ import annotations

from random import Random
from typing import Dict, List, NamedTuple

from peer.core import bits
from peer.core.events import Checked, Found, Settled
from peer.core.swarm import Swarm
from peer.core.swarmfile import FLEET
from tools.sim.build import build
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

STEPS = 50  # in which a peer tells what it has checked


class Check(NamedTuple):
    """What a receiver's disk has: the set of the right pieces, checked in order in so many seconds."""

    pieces: int
    seconds: float


class VersionWorld(World):
    """`checks`: by peer."""

    def __init__(self, seed: int, piece_size: int, size: int) -> None:
        super().__init__(seed, piece_size, size)
        self.checks: Dict[int, Check] = {}

    def begin(self, peer: SimPeer) -> None:
        check = self.checks.get(peer.id)
        if check is None:
            super().begin(peer)
            return
        peer.alive, peer.left = True, None
        peer.core = Swarm(peer.setup, peer.disk, False, Random(self.rng.random()), settled=False)
        self._carry_out(peer, None, peer.core.start(self.now))
        self._schedule_tick(peer)
        self.deliver(peer, Found(bits.full(peer.setup.total)))
        total, life = peer.setup.total, peer.port.life
        for step in range(STEPS):
            several = bits.full(total * (step + 1) // STEPS) & ~bits.full(total * step // STEPS)
            self.at(check.seconds * (step + 1) / STEPS, self._checked, peer, several, check.pieces, life)
        self.at(check.seconds, self._settled, peer, life)

    def _checked(self, peer: SimPeer, several: int, right: int, life: int) -> None:
        if peer.port.life == life:
            peer.disk |= several & right
            self.deliver(peer, Checked(several & right, several & ~right))

    def _settled(self, peer: SimPeer, life: int) -> None:
        if peer.port.life == life:
            self.deliver(peer, Settled(False))


def new_version(
    seed: int, pieces: int, piece: int, fresh: int, rates: List[Rates], seconds: float, seeds: int = 1
) -> VersionWorld:
    """Receivers lack the set `fresh` of the pieces, and need up to so many seconds to find that out."""
    world = VersionWorld(seed, piece, pieces * piece)
    peers = build(world, [FLEET] * len(rates), range(seeds), rates)
    for peer in peers[seeds:]:
        world.checks[peer.id] = Check(bits.full(pieces) & ~fresh, seconds * world.rng.uniform(0.7, 1.0))
    return world

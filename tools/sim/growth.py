"""Large fleet swarms in simulated time: set up without work that grows with the square of the peers, and summed up."""

from __future__ import annotations

import hashlib
from typing import List, NamedTuple, Optional, Sequence

from peer.core import bits, graph
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.manifest import bare_manifest
from peer.core.repeats import Repeats
from peer.core.setup import Setup
from peer.core.swarmfile import FLEET
from tools.sim.build import FIRST_ID, FIRST_PORT
from tools.sim.limit import limit_seconds
from tools.sim.wires import Rates
from tools.sim.world import SimPeer, World

STEPS = 200  # looks at the swarm in the time that the limit allows
PATIENCE = 1_000.0  # times the limit; by then something is wrong


class Payload(NamedTuple):
    """So many pieces of so many bytes; `zeros`: how many of them are zeros, at equal distances."""

    pieces: int
    piece_size: int
    zeros: int = 0

    @property
    def size(self) -> int:
        return self.pieces * self.piece_size

    @property
    def travelling(self) -> int:
        """Bytes that every receiver needs from others."""
        return (self.pieces - self.zeros) * self.piece_size

    @property
    def repeats(self) -> Optional[Repeats]:
        """What the peers know of its zeros."""
        if not self.zeros:
            return None
        zero = hashlib.sha256(bytes(self.piece_size)).digest()
        is_zero = (at * self.zeros % self.pieces < self.zeros for at in range(self.pieces))
        blocks = b"".join(zero if one else hashlib.sha256(b"%d" % at).digest() for at, one in enumerate(is_zero))
        return Repeats(bare_manifest("payload", self.size, self.piece_size)._replace(blocks=blocks, bare=False))


class Wire(NamedTuple):
    """`latency` in seconds, one way; `chunk`: bytes that a link carries before it turns to its next transfer."""

    latency: float
    chunk: int


class Outcome(NamedTuple):
    """How a swarm did. Seconds are simulated; `copies` by the seed; `messages` for each piece delivered."""

    complete: int  # receivers
    first: float
    seconds: float
    limit: float
    copies: float
    messages: float
    surplus: float  # share of pieces that came for nothing

    @property
    def ratio(self) -> float:
        return self.seconds / self.limit


class Growth:
    """One swarm: the first of `rates` is the seed's. `run` lets it happen."""

    def __init__(self, payload: Payload, rates: Sequence[Rates], limits: Limits, wire: Wire, seed: int) -> None:
        self._payload = payload
        self._rates = rates
        self.world = World(seed, payload.piece_size, payload.size)
        self.world.wires.latency, self.world.wires.chunk = wire
        self.peers = self._add(limits)

    def _add(self, limits: Limits) -> List[SimPeer]:
        """Each peer is told of its neighbours alone: nothing that it does depends on the other rows."""
        rows = [PeerRow(FIRST_ID + at, "localhost", FIRST_PORT, at == 0) for at in range(len(self._rates))]
        near = graph.all_neighbours([row.peer_id for row in rows], limits.degree)
        everybody = limits._replace(degree=len(rows), patience=max(limits.patience, self.limit))
        common = Common(2, 1.0, 2.0, "payload", self._payload.size, self._payload.piece_size)
        repeats = self._payload.repeats
        peers = []
        for at, (row, rates) in enumerate(zip(rows, self._rates)):
            places = sorted([at, *(peer - FIRST_ID for peer in near[row.peer_id])])
            known = tuple(rows[place] for place in places)
            setup = Setup(row.peer_id, known, common, FLEET, everybody, self._payload.pieces, repeats=repeats)
            peers.append(self.world.add(setup, rates, bits.full(self._payload.pieces) if at == 0 else 0, at == 0))
        return peers

    def run(self) -> Outcome:
        """Start all peers, and let time pass until every receiver is complete or nothing moves any more."""
        for peer in self.peers:
            self.world.begin(peer)
        limit = self.limit
        until = 0.0
        while not self._complete() and until < PATIENCE * limit:
            until += limit / STEPS
            if self.world.run(until):
                break
        return self._outcome(limit)

    @property
    def limit(self) -> float:
        """T* in simulated seconds."""
        seed, *others = self._rates
        return limit_seconds(
            self._payload.travelling, seed.up, [rate.up for rate in others], [rate.down for rate in others]
        )

    def _complete(self) -> bool:
        return all(peer.completed is not None for peer in self.peers[1:])

    def _outcome(self, limit: float) -> Outcome:
        seed, *receivers = self.peers
        times = sorted(peer.completed for peer in receivers if peer.completed is not None)
        sent = sum(peer.sent_pieces for peer in self.peers)
        delivered = sum(bits.count(peer.disk) - self._payload.zeros for peer in receivers)
        return Outcome(
            len(times),
            times[0] if times else 0.0,
            times[-1] if times else 0.0,
            limit,
            seed.sent_pieces / (self._payload.pieces - self._payload.zeros),
            self.world.wires.messages / max(1, delivered),
            (sent - delivered) / max(1, sent),
        )

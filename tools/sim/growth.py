"""Large fleet swarms in simulated time: set up without work that grows with the square of the peers, and summed up."""

from __future__ import annotations

import hashlib
from typing import List, NamedTuple, Optional, Sequence, Tuple

from peer.core import bits, graph
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.manifest import bare_manifest
from peer.core.repeats import Repeats
from peer.core.setup import Setup
from peer.core.swarmfile import FLEET
from tools.sim.build import FIRST_ID, FIRST_PORT
from tools.sim.limit import limit_seconds
from tools.sim.passages import Way, Ways
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


class Zoning(NamedTuple):
    """Zones of so many hosts each, the first with the seed. `told`: whether the peers know of them.

    `rate`: bytes a second of each's way out, and of its way in.
    """

    zones: int
    hosts: int
    rate: float
    told: bool

    def zone_of(self, place: int) -> int:
        return place // self.hosts


class Outcome(NamedTuple):
    """How a swarm did. Seconds are simulated; `copies` by the seed; `messages` for each piece delivered."""

    complete: int  # receivers
    first: float
    seconds: float
    limit: float
    copies: float
    messages: float
    surplus: float  # share of pieces that came for nothing
    entered: float = 0.0  # copies of the payload that came into a zone without a seed, in the mean

    @property
    def ratio(self) -> float:
        return self.seconds / self.limit


class Growth:
    """One swarm: the first of `rates` is the seed's. `run` lets it happen."""

    def __init__(
        self,
        payload: Payload,
        rates: Sequence[Rates],
        limits: Limits,
        wire: Wire,
        seed: int,
        zoning: Optional[Zoning] = None,
    ) -> None:
        self._payload = payload
        self._rates = rates
        self._zoning = zoning
        self.world = World(seed, payload.piece_size, payload.size)
        self.world.wires.latency, self.world.wires.chunk = wire
        self._ways: List[Ways] = []
        self.peers = self._add(limits)

    def _add(self, limits: Limits) -> List[SimPeer]:
        """Each peer is told of its neighbours alone: without zones nothing that it does depends on the other rows."""
        rows = [PeerRow(FIRST_ID + at, "localhost", FIRST_PORT, at == 0) for at in range(len(self._rates))]
        if self._zoning:
            return self._add_zoned(tuple(rows), limits, self._zoning)
        near = graph.all_neighbours([row.peer_id for row in rows], limits.degree)
        everybody = limits._replace(degree=len(rows), patience=max(limits.patience, self.limit))
        common = self._common
        repeats = self._payload.repeats
        peers = []
        for at, (row, rates) in enumerate(zip(rows, self._rates)):
            places = sorted([at, *(peer - FIRST_ID for peer in near[row.peer_id])])
            known = tuple(rows[place] for place in places)
            setup = Setup(row.peer_id, known, common, FLEET, everybody, self._payload.pieces, repeats=repeats)
            peers.append(self.world.add(setup, rates, bits.full(self._payload.pieces) if at == 0 else 0, at == 0))
        return peers

    def _add_zoned(self, rows: Tuple[PeerRow, ...], limits: Limits, zoning: Zoning) -> List[SimPeer]:
        """In zones each peer is told of all, because the graph follows from everybody's zone."""
        self._ways = [Ways(Way(zoning.rate), Way(zoning.rate)) for _ in range(zoning.zones)]
        zones = tuple((row.peer_id, f"zone{zoning.zone_of(at)}") for at, row in enumerate(rows)) if zoning.told else ()
        patient = limits._replace(patience=max(limits.patience, self.limit))
        peers = []
        for at, (row, rates) in enumerate(zip(rows, self._rates)):
            setup = Setup(row.peer_id, rows, self._common, FLEET, patient, self._payload.pieces, zones=zones)
            peer = self.world.add(setup, rates, bits.full(self._payload.pieces) if at == 0 else 0, at == 0)
            peer.port.ways = self._ways[zoning.zone_of(at)]
            peers.append(peer)
        return peers

    @property
    def _common(self) -> Common:
        return Common(2, 1.0, 2.0, "payload", self._payload.size, self._payload.piece_size)

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
        size = self._payload.travelling
        limit = limit_seconds(size, seed.up, [rate.up for rate in others], [rate.down for rate in others])
        return max(limit, size / self._zoning.rate) if self._zoning else limit

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
            self._entered,
        )

    @property
    def _entered(self) -> float:
        others = self._ways[1:]
        return sum(ways.into.carried for ways in others) / len(others) / self._payload.size if others else 0.0

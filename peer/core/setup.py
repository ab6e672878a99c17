"""A peer's configuration, and the neighbours that follow from it."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

from peer.core import graph
from peer.core.config import Common, PeerRow
from peer.core.layout import Layout
from peer.core.limits import Limits
from peer.core.repeats import Repeats
from peer.core.swarmfile import FLEET
from peer.core.tuples import NamedTuple
from peer.core.zones import Border, Zones, zones_of


class Setup(NamedTuple):
    """One peer's part in a swarm. `rows`: PeerInfo.cfg in its order; `total`: pieces of the payload.

    `classic`: peers known to speak only the classic protocol. `absent`: peers that won't take part in this run, so
    nobody dials them or waits for them; one that comes all the same is served. `layout` None: all pieces are equally
    long. `repeats`: what needn't travel between fleet peers; None where it isn't known. `relayed`: peers on hosts that
    only SSH reaches, so that the operator's machine carries their connections. `zones`: peers and the
    path of the zone that each is in.
    """

    me: int
    rows: Tuple[PeerRow, ...]
    common: Common
    profile: str
    limits: Limits
    total: int
    classic: Tuple[int, ...] = ()
    absent: Tuple[int, ...] = ()
    layout: Optional[Layout] = None
    repeats: Optional[Repeats] = None
    relayed: Tuple[int, ...] = ()
    zones: Tuple[Tuple[int, str], ...] = ()

    def piece_length(self, piece: int) -> int:
        """Bytes of a piece."""
        return self.layout.piece_length(piece) if self.layout else self.common.piece_size

    @property
    def fleet(self) -> bool:
        """Whether this peer speaks the fleet's extras."""
        return self.profile == FLEET

    @property
    def seeds(self) -> List[int]:
        """The peers that begin with the payload."""
        return [row.peer_id for row in self.rows if row.has_file and row.peer_id not in self.absent]

    @property
    def near(self) -> Tuple[int, ...]:
        """The peers to connect with: all others (classic), or the graph's neighbours and all classic peers.

        A classic peer waits until every other peer has announced to it that it is complete.
        """
        peers = tuple(row.peer_id for row in self.rows if row.peer_id not in self.absent)
        if self.fleet:
            near = self._near_of(peers)
            return tuple(peer for peer in peers if peer in near or (peer in self.classic and peer != self.me))
        return tuple(peer for peer in peers if peer != self.me)

    def _near_of(self, peers: Tuple[int, ...]) -> FrozenSet[int]:
        zones = self._zones
        return zones.neighbours(self.me) if zones else graph.neighbours(self.me, peers, self.limits.degree)

    @property
    def borders(self) -> Dict[int, Border]:
        """The neighbours of other zones, and what to fetch from each."""
        zones = self._zones
        if not zones or self.me in self.seeds:
            return {}
        found = {peer: zones.border(self.me, peer, self.total) for peer in self.near}
        return {peer: border for peer, border in found.items() if border}

    @property
    def gifts(self) -> Dict[int, int]:
        """The sets of pieces that a seed gives first to each of its neighbours; without zones nothing is said."""
        zones = self._zones
        return {peer: zones.meant_for(self.me, peer, self.total) for peer in self.near} if zones else {}

    @property
    def _zones(self) -> Optional[Zones]:
        """The zones of those who take part; None if they are all in one."""
        if not (self.fleet and self.zones):
            return None
        paths = dict(self.zones)
        here = tuple((row.peer_id, paths.get(row.peer_id, "")) for row in self.rows if row.peer_id not in self.absent)
        several = len({zone for _, zone in here}) > 1
        return zones_of(here, tuple(self.seeds), self.limits.degree) if several else None

    @property
    def housemates(self) -> List[int]:
        """The peers on this one's machine, this one included, as far as PeerInfo.cfg tells."""
        here = next(row.host for row in self.rows if row.peer_id == self.me)
        return [row.peer_id for row in self.rows if row.host == here]

    @property
    def dialled(self) -> Tuple[int, ...]:
        """The peers that this one is to dial: those listed before it.

        Nobody gets through to who is relayed, so that one dials all that aren't.
        """
        peers = [row.peer_id for row in self.rows]
        earlier = frozenset(peers[: peers.index(self.me)])
        relayed = frozenset(self.relayed)
        mine = self.me in relayed
        others = (peer for peer in peers if peer != self.me)
        return tuple(peer for peer in others if (peer in earlier if (peer in relayed) == mine else mine))

    @property
    def unreachable(self) -> Tuple[int, ...]:
        """The peers that this one can't dial: they dial us."""
        return () if self.me in self.relayed else self.relayed

    @property
    def by_relay(self) -> List[int]:
        """The peers that this one dials through the operator's machine, if it dials them."""
        if self.me not in self.relayed:
            return []
        here = self.housemates
        return [row.peer_id for row in self.rows if row.peer_id not in here]

"""One neighbour, as the swarm's owner knows it: its lasting state, and one record for each module that writes it."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional

from peer.core import bits
from peer.core.asking import Asking, ClassicAsking
from peer.core.events import Drop, Effect
from peer.core.grants import Grants
from peer.core.news import ClassicNews, News

MOST_STRIKES = 2  # bad pieces before a neighbour is refused for good
MOST_HAVES = 4  # times the number of pieces: more announcements on one connection only fill our log
SPARE_HAVES = 64


class Serving:
    """The pieces that we send a neighbour on this connection; only the uploader writes it."""

    def __init__(self, now: float = 0.0) -> None:
        self.we_choke = True
        self.queue: Dict[int, int] = {}  # pieces it asked of us, not yet handed to the writer -> blocks of them, or 0
        self.served = 0  # pieces handed to the writer
        self.unsent = 0  # those of them that it hasn't sent yet
        self.asked = now  # when it last asked for a piece


class Neighbour:
    """Our knowledge of a neighbour. It outlives a connection: its pieces and the reason of the last end still count.

    `asking`, `serving`, `news` and `grants` belong to one connection each, and to the fetcher, the uploader, the
    announcer and the tolerance, which create new ones when a connection begins or ends. The swarm writes the rest.
    """

    def __init__(self, peer: int, total: int) -> None:
        self.peer = peer
        self.total = total
        self.pieces = 0  # the set it is known to have
        self.known: Optional[int] = None  # the set that it ever announced, on any connection
        self.trouble = "not connected yet"
        self.was_met = False  # whether a message of it ever came: it may have dropped a connection that we took for one
        self.apart = False  # of another zone, or a seed beside zones: it doesn't count in how rare pieces are here
        self.elsewhere = False  # it can't meet us, and another peer is connected with it
        self.strikes = 0  # bad pieces it sent
        self.fleet = False  # the profile it speaks, or spoke last
        self.asking: Asking = ClassicAsking()
        self.serving = Serving()
        self.news: News = ClassicNews()
        self.grants = Grants()
        self.reset()

    def reset(self, now: float = 0.0) -> None:
        """A connection begins or has ended. The neighbour's pieces stay known."""
        self.connected = False
        self.spoke = False  # whether a message came
        self.announced = False  # whether a bitfield came
        self.delivered = 0  # bytes of pieces that we sent and its machine acknowledged
        self.dropped = False  # we are closing the connection: its messages are ignored
        self.wants_ours = False
        self.since = now  # when the connection began
        self.haves = 0  # have messages that came
        self.interval_bytes = 0  # bytes it sent us since the choker, which writes this, last chose

    def begin(self, fleet: bool, now: float) -> None:
        """A connection begins. The neighbour has to announce its pieces again."""
        self.reset(now)
        self.pieces = 0
        self.connected = True
        self.fleet = fleet
        self.trouble = ""

    def end(self, reason: str) -> None:
        """A connection has ended. The neighbour's pieces stay known: one that left complete needs nothing."""
        self.reset()
        self.trouble = reason

    def floods(self) -> bool:
        """One more have message came: whether that is more than there can be reasons for."""
        self.haves += 1
        return self.haves > MOST_HAVES * self.total + SPARE_HAVES

    def drop(self, reason: str) -> List[Effect]:
        """Close the connection, and ignore what it still sends."""
        self.dropped = True
        return [Drop(self.peer, reason)]

    @property
    def counted(self) -> int:
        """Those of its pieces that count in how rare pieces are here."""
        return 0 if self.apart else self.pieces

    @property
    def complete(self) -> bool:
        """Whether it has every piece."""
        return self.pieces == bits.full(self.total)

    @property
    def wants(self) -> bool:
        """Whether it is interested in our pieces, or is counted as if it were."""
        return self.wants_ours or self.grants.counts

    @property
    def shut_out(self) -> bool:
        """Whether it sent too many bad pieces to be connected with again."""
        return self.strikes >= MOST_STRIKES


def connected(neighbours: Mapping[int, Neighbour]) -> List[Neighbour]:
    """The neighbours we have a connection with, in the order of the table."""
    return [neighbour for neighbour in neighbours.values() if neighbour.connected]

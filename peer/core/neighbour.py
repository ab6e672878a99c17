"""One neighbour, as the swarm's owner knows it."""

from __future__ import annotations

from typing import Dict, List

from peer.core import bits


class Neighbour:
    """What we know of a neighbour. It outlives its connection: what it had and why it went still count.

    `we_choke`/`chokes_us` and `we_want`/`wants_ours` are the protocol's choke and interest, in both directions.
    """

    def __init__(self, peer: int, total: int) -> None:
        self.peer = peer
        self.total = total
        self.pieces = 0  # the set it is known to have
        self.trouble = "not connected yet"
        self.strikes = 0  # bad pieces it sent
        self.fleet = False  # what it speaks, or spoke last
        self.reset()

    def reset(self) -> None:
        """A connection begins or has ended: nothing is asked, nothing granted. What it had stays known."""
        self.connected = False
        self.we_choke = True
        self.chokes_us = True
        self.we_want = False
        self.told_interest = False  # whether it was ever told of our interest on this connection
        self.wants_ours = False
        self.open: Dict[int, float] = {}  # pieces asked of it -> when
        self.queue: List[int] = []  # pieces it asked of us, not yet handed to the writer
        self.served = 0  # pieces handed to the writer
        self.unsent = 0  # those of them that it hasn't sent yet
        self.asked = 0.0  # when it last asked for a piece
        self.since = 0.0  # when the connection began
        self.haves = 0  # have messages that came
        self.received = 0  # bytes of the connection at the last tick
        self.sent = 0
        self.heard = 0.0  # when bytes last came
        self.silent = False  # it left an open request without a byte for too long
        self.interval_bytes = 0  # what it gave us since preferred neighbours were last picked
        self.window = 0  # requests that it may have open; 0 until that is worked out anew
        self.pace = 0.0  # seconds between its last pieces, smoothed; 0 until known
        self.wait = 0.0  # seconds from a request to its piece, smoothed; 0 until known
        self.last_piece = 0.0
        self.offered = 0  # pieces offered to it by a seed and not asked for yet (a set)
        self.untold = False  # we have pieces that it wasn't told of one by one
        self.hidden = False  # it isn't told what we have but piece by piece

    @property
    def complete(self) -> bool:
        """Whether it has every piece."""
        return self.pieces == bits.full(self.total)

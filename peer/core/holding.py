"""Which pieces a seed holds back: what has just gone to one neighbour may sooner come from there."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Set

from peer.core import bits
from peer.core.neighbour import Neighbour

HOLD = 0.5  # seconds that a piece has to reach others from the neighbour that was sent it
HOLDING = 1.0  # seconds from its first piece on in which a seed holds any: a longer transfer has a first round for that
# The same of a new version: most of it is on the hosts, and all ask for the rest at once. Bytes count more than that
# the seed's link idles meanwhile. It is longer where a piece takes so long that its neighbour needs more to pass it on.
VERSION_HOLD = 3.0
MOST_HOLDS = 4.0  # times that, as long as the piece spreads
MOST_VAIN = 2  # neighbours in a row that passed nothing on: perhaps nobody can
GOING = 2.5  # seconds in which a neighbour shows that it goes forward, if it does


class _Held:
    """A piece that is sent to `peer`, or was: others wait for it `until` then."""

    def __init__(self, peer: int, began: float, hold: float) -> None:
        self.peer = peer
        self.began = began
        self.hold = hold  # seconds
        self.until = began + hold
        self.latest: Optional[float] = None  # when `until` can be renewed no more; None before this peer has the piece
        self.delivered = 0  # bytes that this peer had acknowledged at the last look
        self.given = {peer}  # all that were sent it
        self.spreads = False  # whether another one has it since

    def renew(self, now: float) -> None:
        until = now + self.hold
        self.until = until if self.latest is None else min(until, self.latest)

    def arrived(self, slots: int, now: float) -> None:
        """It is passed on to so many at once, if all are as fast as we are."""
        self.hold = max(VERSION_HOLD, slots * (now - self.began))
        self.latest = now + MOST_HOLDS * self.hold


class Holding:
    """A seed's link is the scarce one, and of a small new version everybody asks for all at once.

    So a fleet neighbour waits for a piece that is being sent to another one, and then for as long as the piece is seen
    to spread, or the neighbour to get others. `seeds`: how many began with the payload, if we are one, else 0: nothing
    is held. `slots`: pieces that a peer sends simultaneously.
    """

    def __init__(self, seeds: int, slots: int) -> None:
        self._seeds = seeds
        self._slots = slots
        self._short_until: Optional[float] = None  # when holds of a new payload end; None before its first piece
        self._short: Dict[int, _Held] = {}  # by piece, of a new payload
        self._long: Dict[int, _Held] = {}  # by piece, of a new version
        self._on_way: Dict[int, _Held] = {}  # those of them that haven't arrived
        self._pieces = 0  # the set of `_long`
        self._vain: Set[int] = set()  # neighbours for which others waited in vain, since one was seen to pass on
        self._ours: Dict[int, float] = {}  # when each neighbour last got bytes of such a piece from us
        self._others: Dict[int, float] = {}  # when each showed that it goes forward without these

    def begin(self, neighbour: Neighbour, index: int, copies: int, now: float) -> None:
        """A piece is being sent; so many others were before. A classic neighbour may keep it for long."""
        if not (self._seeds and neighbour.fleet):
            return
        if bits.count(neighbour.pieces) > self._seeds * copies:  # more than all seeds have sent: an older version
            self._begin_long(neighbour.peer, index, now)
            return
        if self._short_until is None:
            self._short_until = now + HOLDING
        if now < self._short_until:
            self._short[index] = _Held(neighbour.peer, now, HOLD)

    def _begin_long(self, peer: int, index: int, now: float) -> None:
        before = self._long.get(index)
        if before and not before.spreads:
            self._vain.add(before.peer)
        if before and self._in_vain:
            before.given.add(peer)
            return
        held = self._long[index] = self._on_way[index] = _Held(peer, now, VERSION_HOLD)
        held.given |= before.given if before else set()
        self._pieces |= 1 << index
        self._ours[peer] = now

    @property
    def _in_vain(self) -> bool:
        return len(self._vain) >= MOST_VAIN

    def sent(self, neighbour: Neighbour, index: int, now: float) -> None:
        """The kernel has all of it."""
        held = self._short.get(index)
        if held and held.peer == neighbour.peer:
            held.renew(now)

    def lost(self, neighbour: Neighbour, index: int) -> None:
        """A connection has ended, on which this piece was being sent; -1: none was."""
        held = self._short.get(index)
        if held and held.peer == neighbour.peer:
            del self._short[index]
        for piece in [piece for piece, held in self._on_way.items() if held.peer == neighbour.peer]:
            del self._on_way[piece], self._long[piece]

    def look(self, neighbours: Mapping[int, Neighbour], now: float) -> None:
        """What is on its way is held as long as it goes forward."""
        for held in self._on_way.values():
            delivered = neighbours[held.peer].delivered
            if held.delivered != delivered:
                held.delivered = delivered
                held.renew(now)
                self._ours[held.peer] = now

    def news(self, neighbour: Neighbour, gained: int, now: float) -> None:
        """A neighbour shows that it goes forward. `gained`: the set of pieces that it announces for the first time."""
        if not self._long:
            return
        if now > self._ours.get(neighbour.peer, 0.0) + GOING:
            self._others[neighbour.peer] = now
        for index in bits.indices(gained & self._pieces):
            held = self._long.get(index)
            if held:
                self._spread(held, index, neighbour.peer, now)

    def _spread(self, held: _Held, index: int, peer: int, now: float) -> None:
        """This neighbour has it now: who was sent it, or another one."""
        if peer not in held.given:
            held.spreads = True
            self._vain.clear()
        elif peer == held.peer and index in self._on_way:
            del self._on_way[index]
            held.arrived(1 if self._vain else self._slots, now)
        held.renew(now)

    def waits(self, neighbour: Neighbour, index: int, now: float) -> bool:
        """Whether a neighbour may soon have the piece from another one."""
        if not neighbour.fleet:
            return False
        short, long = self._short.get(index), self._long.get(index)
        if short and short.peer != neighbour.peer and now < min(short.until, self._short_until or 0.0):
            return True
        if long is None or long.peer == neighbour.peer:
            return False
        goes_on = long.latest is not None and now < self._others.get(neighbour.peer, 0.0) + GOING
        return not self._in_vain and (now < long.until or (goes_on and now < (long.latest or 0.0)))

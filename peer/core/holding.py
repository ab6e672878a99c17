"""Which pieces a seed holds back: what one neighbour has just got, or gets elsewhere, may sooner come from there."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Set

from peer.core import bits
from peer.core.neighbour import Neighbour
from peer.core.setup import Setup
from peer.core.shares import shares_of

HOLD = 0.5  # seconds that a piece has to reach others from the neighbour that was sent it
HOLDING = 1.0  # seconds from its first piece on in which a seed holds any: a longer transfer has a first round for that
# The same of a new version: most of it is on the hosts, and all ask for the rest at once. Bytes count more than that
# the seed's link idles meanwhile. It is longer where a piece takes so long that its neighbour needs more to pass it on.
VERSION_HOLD = 3.0
MOST_HOLDS = 4.0  # times that, as long as the piece spreads
MOST_VAIN = 2  # neighbours in a row that passed nothing on: perhaps nobody can
GOING = 2.5  # seconds in which a neighbour shows that it goes forward, if it does


class _Held:
    """A piece that is sent to `peer`, or was; or that `peer`, another seed, sends first. Others wait `until` then."""

    def __init__(self, peer: int, now: float) -> None:
        self.peer = peer
        self.began = now
        self.hold = VERSION_HOLD  # seconds
        self.until = now + self.hold
        self.latest: Optional[float] = None  # when `until` can be renewed no more; None before this peer has the piece
        self.delivered = 0  # bytes that this peer had acknowledged at the last look
        self.given = {peer}  # all that were sent it
        self.spreads = False  # whether another one has it since
        self.short = now + HOLD  # until when others wait of whom no older version is known

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
    to spread, or the neighbour to get others. Of several seeds each sends its share first, and the others wait for it
    as for a neighbour. `shares`: each seed's set, if we are one; else empty, and nothing is held. `slots`: pieces
    that a peer sends simultaneously.

    That a neighbour has an older version shows by a piece of our share that we never sent.
    """

    def __init__(self, me: int, shares: Mapping[int, int], slots: int) -> None:
        self._holds = me in shares
        self.share = shares.get(me, 0)  # the set of the pieces that we send first
        self._others_shares = {seed: share for seed, share in shares.items() if seed != me}
        self._slots = slots
        self._short_until: Optional[float] = None  # when holds of a new payload end; None before its first piece
        self._sent = 0  # the set of all pieces that we began to send
        self._versions: Set[int] = set()  # neighbours that have an older version
        self._held: Dict[int, _Held] = {}  # by piece
        self._pieces = 0  # the set of these
        self._on_way: Dict[int, _Held] = {}  # those on their way to neighbours with an older version
        self._elsewhere: Dict[int, _Held] = {}  # those that another seed sends first, and nobody has yet
        self._late: Set[int] = set()  # seeds for which others waited in vain
        self._vain: Set[int] = set()  # the same of neighbours, since one was seen to pass on
        self._ours: Dict[int, float] = {}  # when each neighbour last got bytes of such a piece from us
        self._others: Dict[int, float] = {}  # when each showed that it goes forward without these

    def asked(self, neighbour: Neighbour, index: int, now: float) -> None:
        """A neighbour asks for a piece, which another seed may be about to send."""
        if neighbour.fleet and not self._pieces >> index & 1:
            owner = next((seed for seed, share in self._others_shares.items() if share >> index & 1), None)
            if owner is not None and owner not in self._late:
                held = self._elsewhere[index] = self._hold(index, owner, now)
                held.short = now
                held.latest = now + MOST_HOLDS * VERSION_HOLD

    def _hold(self, index: int, peer: int, now: float) -> _Held:
        held = self._held[index] = _Held(peer, now)
        self._pieces |= 1 << index
        return held

    def begin(self, neighbour: Neighbour, index: int, now: float) -> None:
        """A piece is being sent. A classic neighbour may keep it for long."""
        self._sent |= 1 << index
        if not (self._holds and neighbour.fleet):
            return
        if self._short_until is None:
            self._short_until = now + HOLDING
        before = self._held.get(index)
        if before and neighbour.peer in self._versions:
            self._waited(before, index)
            if self._in_vain:
                before.given.add(neighbour.peer)
                return
        self._elsewhere.pop(index, None)
        held = self._hold(index, neighbour.peer, now)
        held.given |= before.given if before else set()
        if neighbour.peer in self._versions:
            self._on_way[index] = held
            self._ours[neighbour.peer] = now

    def _waited(self, held: _Held, index: int) -> None:
        """Others have waited for a piece, and it is sent again all the same."""
        if index in self._elsewhere:
            self._late.add(held.peer)
        elif not held.spreads:
            self._vain.add(held.peer)

    @property
    def _in_vain(self) -> bool:
        return len(self._vain) >= MOST_VAIN

    def sent(self, neighbour: Neighbour, index: int, now: float) -> None:
        """The kernel has all of it."""
        held = self._held.get(index)
        if held and held.peer == neighbour.peer:
            held.short = now + HOLD

    def lost(self, neighbour: Neighbour) -> None:
        """A connection has ended."""
        for piece in [piece for piece, held in self._on_way.items() if held.peer == neighbour.peer]:
            del self._on_way[piece], self._held[piece]
            self._pieces &= ~(1 << piece)

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
        if not self._holds:
            return
        if gained & self.share & ~self._sent:
            self._versions.add(neighbour.peer)
        if now > self._ours.get(neighbour.peer, 0.0) + GOING:
            self._others[neighbour.peer] = now
            for held in self._elsewhere.values():
                held.renew(now)
        for index in bits.indices(gained & self._pieces):
            self._spread(self._held[index], index, neighbour.peer, now)

    def _spread(self, held: _Held, index: int, peer: int, now: float) -> None:
        """This neighbour has it now: who was sent it, or another one."""
        if self._elsewhere.pop(index, None):
            held.peer, held.given = peer, {peer}
            held.arrived(self._slots, now)
        elif peer not in held.given:
            held.spreads = True
            self._vain.clear()
        elif peer == held.peer and held.latest is None:
            self._on_way.pop(index, None)
            held.arrived(1 if self._vain else self._slots, now)
        held.renew(now)

    def waits(self, neighbour: Neighbour, index: int, now: float) -> bool:
        """Whether a neighbour may soon have the piece from another one."""
        held = self._held.get(index)
        if held is None or held.peer == neighbour.peer or not neighbour.fleet:
            return False
        if neighbour.peer not in self._versions:
            return now < min(held.short, self._short_until or 0.0)
        goes_on = held.latest is not None and now < self._others.get(neighbour.peer, 0.0) + GOING
        return not self._in_vain and (now < held.until or (goes_on and now < (held.latest or 0.0)))


def holding_of(setup: Setup) -> Holding:
    """A seed of a fleet holds pieces back; of all others nothing is asked that could wait.

    It doesn't wait for seeds of other zones: the way from there is scarcer than its own link.
    """
    zones = dict(setup.zones)
    shares = shares_of(setup) if setup.fleet and setup.me in setup.seeds else {}
    near = {seed: share for seed, share in shares.items() if zones.get(seed) == zones.get(setup.me)}
    return Holding(setup.me, near, setup.limits.uploads)

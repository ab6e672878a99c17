"""Who is met by somebody: so that neighbours which can never meet one another don't wait for one another.

A firewall or NAT on both sides keeps two neighbours apart for ever, and neither can tell that from a peer that starts
late. So a peer asks for the neighbours that it never met: the question floods the swarm, and so does the answer of a
peer that is connected with one of them and therefore cares for it. Who hears that it is sought itself asks at once:
those who seek it may leave without having met it. In a swarm where all meet nothing is said.

The message is a set with two bits for each row of PeerInfo.cfg: whether it is sought, and whether it is met.
"""

from __future__ import annotations

from typing import Dict, List, Mapping

from peer.core import bits, messages
from peer.core.events import Effect, Send
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.setup import Setup

SEEK_SECONDS = 3.0  # after the start, before neighbours that never came are sought


class Roll:
    """One peer's share of what is known."""

    def __init__(self, setup: Setup, neighbours: Mapping[int, Neighbour]) -> None:
        self._neighbours = neighbours
        self._places: Dict[int, int] = {row.peer_id: 2 * place for place, row in enumerate(setup.rows)}
        self._me = setup.me
        self._fleet = setup.fleet
        self._seek_from = float("inf")
        self._known = 0
        self._told = 0

    def heard(self, known: int, now: float) -> List[Effect]:
        """A neighbour tells what it knows."""
        mine = 1 << self._places[self._me]
        sought = known & ~self._known & mine
        self._known |= known & bits.full(2 * len(self._places))
        if not sought:
            return []
        self._seek_from = now
        return self.look(now)

    def introduce(self, neighbour: Neighbour) -> List[Effect]:
        """A connection begins: tell what was told to the others."""
        return [Send(neighbour.peer, Message(messages.ROLL, self._told))] if self._told and neighbour.fleet else []

    def look(self, now: float) -> List[Effect]:
        """Seek and answer; tell the neighbours what is new."""
        self._seek_from = min(self._seek_from, now + SEEK_SECONDS)
        if self._fleet and now >= self._seek_from:
            for neighbour in self._neighbours.values():
                if not neighbour.was_met and not neighbour.complete:
                    self._known |= 1 << self._places[neighbour.peer]
        if not self._known:
            return []
        self._answer()
        for neighbour in self._neighbours.values():
            neighbour.elsewhere = not neighbour.was_met and self._is_met(neighbour.peer)
        if self._known == self._told:
            return []
        self._told = self._known
        return [Send(one.peer, Message(messages.ROLL, self._told)) for one in connected(self._neighbours) if one.fleet]

    def _answer(self) -> None:
        """Those of the sought we have met, and care for until they are complete; we ourselves where somebody is."""
        met = [one.peer for one in self._neighbours.values() if one.was_met]
        for peer in met + ([self._me] if connected(self._neighbours) else []):
            place = self._places.get(peer)
            if place is not None and self._known >> place & 1:
                self._known |= 2 << place

    def _is_met(self, peer: int) -> bool:
        return bool(self._known >> self._places[peer] & 2)

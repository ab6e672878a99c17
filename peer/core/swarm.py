"""The swarm as one peer sees it: `handle(event, now) -> effects` is all that the owner's loop calls.

This file knows no socket, file, clock or thread; `now` is seconds of any steady clock, `rng` the peer's own chance.
Start reading at `handle`.
"""

from __future__ import annotations

from random import Random
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple, Union

from peer.core import eventlog, graph, messages, offers
from peer.core.announcing import Teller
from peer.core.choker import ClassicChoker, FleetChoker
from peer.core.config import Common, PeerRow
from peer.core.errors import EXIT_INCOMPLETE, EXIT_OK
from peer.core.eventlog import Entry
from peer.core.events import (
    Connected,
    Dial,
    DialFailed,
    Disconnected,
    Drop,
    Effect,
    Event,
    Finish,
    Finished,
    Leave,
    Log,
    PieceBad,
    PieceSent,
    PieceStored,
    PieceSurplus,
    Received,
    Send,
    Tick,
)
from peer.core.fetcher import Fetcher
from peer.core.messages import Message
from peer.core.neighbour import Neighbour
from peer.core.offers import Offers
from peer.core.pieces import Pieces
from peer.core.stall import incomplete_reason, waiting_reason
from peer.core.swarmfile import FLEET, Limits
from peer.core.uploader import Uploader

TICK = 0.5  # seconds between looks at silent neighbours and at patience
FETCHING_TICK = 0.1  # the same for a fleet peer that lacks pieces: what is late shall be asked for elsewhere soon
LAST_WISH = 1.0  # seconds that a foreign neighbour has, behind its last piece, to want nothing more
MOST_QUEUED = 64  # requests that a neighbour may have waiting; foreign peers were seen with 32
MOST_STRIKES = 2  # bad pieces before a neighbour is shut out for good
MOST_HAVES = 4  # times the number of pieces: who tells of more on one connection fills our log and nothing else
SPARE_HAVES = 64


class Setup(NamedTuple):
    """All that a peer is told before it begins. `total`: pieces of the payload."""

    me: int
    rows: Tuple[PeerRow, ...]
    common: Common
    profile: str
    limits: Limits
    total: int


class Swarm:
    """One peer's state and rules. `here`: the set of pieces on disk; `whole`: the payload has its final name."""

    def __init__(self, setup: Setup, here: int, whole: bool, rng: Random) -> None:
        self.setup = setup
        self.me = setup.me
        self.fleet = setup.profile == FLEET
        self.pieces = Pieces(setup.total, here)
        self.finished = whole
        self.neighbours = {peer: Neighbour(peer, setup.total) for peer in self._expected()}
        self._earlier = self._listed_before_me()
        self.choker: Union[ClassicChoker, FleetChoker] = (
            FleetChoker() if self.fleet else ClassicChoker(*setup.common[:3], rng)
        )
        seeds = self._seeds = [row.peer_id for row in setup.rows if row.has_file]
        self._fetcher = Fetcher(self.pieces, self.neighbours, seeds, self.fleet, rng)
        self._uploader = Uploader(setup.limits.uploads if self.fleet else None)
        self._offers = self._make_offers(seeds, rng)
        self._teller = Teller(self.pieces, self.neighbours, self.fleet, setup.limits.patience)
        self.progress = 0.0  # when something last went forward
        self.news = 0.0  # when a neighbour last said that it went forward
        self.bad_pieces = 0
        self._moved = 0.0  # when a part of a piece last came
        self._redial: Set[int] = set()
        self._next_tick = 0.0
        self._handlers: Dict[type, Callable[[Any, float], List[Effect]]] = {
            Received: self._on_received,
            PieceStored: self._on_stored,
            PieceSent: self._on_sent,
            PieceSurplus: self._on_surplus,
            Connected: self._on_connected,
            Disconnected: self._on_disconnected,
            DialFailed: self._on_dial_failed,
            PieceBad: self._on_bad,
            Finished: self._on_finished,
            Tick: self._on_tick,
        }
        self._on_message: Tuple[Callable[[Neighbour, int, float], List[Effect]], ...] = (
            self._got_choke,
            self._got_unchoke,
            self._got_interested,
            self._got_not_interested,
            self._got_have,
            self._got_bitfield,
            self._got_request,
            self._got_piece,
            self._got_cancel,
            self._got_complete,
        )

    def _expected(self) -> Tuple[int, ...]:
        """With whom we shall be connected: everybody (classic), or the graph's neighbours."""
        others = tuple(row.peer_id for row in self.setup.rows)
        if self.fleet:
            near = graph.neighbours(self.me, others, self.setup.limits.degree)
            return tuple(peer for peer in others if peer in near)
        return tuple(peer for peer in others if peer != self.me)

    def _listed_before_me(self) -> Tuple[int, ...]:
        order = [row.peer_id for row in self.setup.rows]
        return tuple(order[: order.index(self.me)])

    def _make_offers(self, seeds: List[int], rng: Random) -> Optional[Offers]:
        if self.fleet and self.me in seeds and self.pieces.complete:
            return Offers(self.setup.total, seeds.index(self.me), len(seeds), rng)
        return None

    # ---- the door

    def start(self, now: float) -> List[Effect]:
        """The first effects: dial who is listed before us; a payload that only lacks its final name gets it."""
        self.progress = now
        self._teller.begin(now)
        self._next_tick = now + TICK
        self.choker.due(now)
        effects: List[Effect] = [Dial(peer) for peer in self.neighbours if peer in self._earlier]
        if self.pieces.complete and not self.finished:
            effects.append(Finish())
        return effects + self._leave_if_over(now)

    def due(self, now: float) -> float:
        """When the next Tick must come, at the latest."""
        return min(self._next_tick, self.choker.due(now))

    def handle(self, event: Event, now: float) -> List[Effect]:
        """Take note of one fact; what is to be done about it, in order."""
        return self._handlers[type(event)](event, now)

    @property
    def connected(self) -> List[Neighbour]:
        """The neighbours we have a connection with."""
        return [neighbour for neighbour in self.neighbours.values() if neighbour.connected]

    @property
    def hiding(self) -> bool:
        """Whether we are a seed that still sends every piece for the first time."""
        return self._offers is not None and self._offers.open

    # ---- connections

    def _on_connected(self, event: Connected, now: float) -> List[Effect]:
        neighbour = self.neighbours.get(event.peer)
        if neighbour is None:  # a classic peer dials everybody, also who isn't near in the fleet's graph
            neighbour = self.neighbours[event.peer] = Neighbour(event.peer, self.setup.total)
        if neighbour.connected:  # the newest connection counts: it came back before we missed it
            self._lose(neighbour, "replaced by a newer connection")
        if neighbour.strikes >= MOST_STRIKES:
            return [Drop(event.peer, "it sent bad pieces before")]
        self._begin(neighbour, event.fleet, now)
        kind = "dialled" if event.dialled else "accepted"
        effects: List[Effect] = [Log(Entry(kind, self.me, event.peer))]
        return effects + self._introduce(neighbour)

    def _begin(self, neighbour: Neighbour, fleet: bool, now: float) -> None:
        neighbour.reset()
        neighbour.pieces = 0
        neighbour.connected = True
        neighbour.fleet = fleet
        neighbour.heard = neighbour.asked = neighbour.since = now
        neighbour.trouble = ""

    def _introduce(self, neighbour: Neighbour) -> List[Effect]:
        """The bitfield, always: some wait for it. A seed in its first round shows fleet peers its offers only."""
        neighbour.hidden = neighbour.fleet and self.hiding and neighbour.peer not in self._seeds
        shown = 0 if neighbour.hidden else self.pieces.here
        effects: List[Effect] = [Send(neighbour.peer, Message(messages.BITFIELD, shown))]
        if self.fleet:
            effects += self._set_choke(neighbour, False)
        if neighbour.hidden and self._offers:
            effects += self._offers.offer(neighbour, self.pieces.rarity[0])
        return effects

    def _on_disconnected(self, event: Disconnected, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        if not neighbour.connected:
            return []
        hasty = now - neighbour.since < TICK
        self._lose(neighbour, event.reason)
        effects: List[Effect] = []
        if event.peer in self._earlier and neighbour.strikes < MOST_STRIKES and not self._done_with(neighbour):
            if hasty:  # who hangs up at once isn't dialled at the pace at which it hangs up
                self._redial.add(event.peer)
            else:
                effects.append(Dial(event.peer))
        return effects + self._refill(now) + self._leave_if_over(now)

    def _lose(self, neighbour: Neighbour, reason: str) -> None:
        """Take back all that hung on a connection."""
        self._fetcher.release(neighbour)
        self._uploader.forget(neighbour)
        self.choker.forget(neighbour.peer)
        if self._offers:
            self._offers.take_back(neighbour)
        self.pieces.lose(neighbour.pieces)
        neighbour.reset()  # what it had stays known: who is complete and gone needs nothing from us
        neighbour.trouble = reason

    def _dial_again(self) -> List[Effect]:
        again = [peer for peer in sorted(self._redial) if not self.neighbours[peer].connected]
        self._redial.clear()
        return [Dial(peer) for peer in again]

    def _on_dial_failed(self, event: DialFailed, now: float) -> List[Effect]:
        self.neighbours[event.peer].trouble = event.reason
        return []

    def _done_with(self, neighbour: Neighbour) -> bool:
        return self.pieces.complete and neighbour.complete

    # ---- messages

    def _on_received(self, event: Received, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        if not neighbour.connected:
            return []
        kind, value = event.message
        return self._on_message[kind](neighbour, value, now)

    def _got_choke(self, neighbour: Neighbour, _: int, now: float) -> List[Effect]:
        neighbour.chokes_us = True
        self._fetcher.release(neighbour)
        effects: List[Effect] = [Log(Entry("choked", self.me, neighbour.peer))]
        return effects + self._refill(now)

    def _got_unchoke(self, neighbour: Neighbour, _: int, now: float) -> List[Effect]:
        neighbour.chokes_us = False
        neighbour.silent = False
        effects: List[Effect] = [Log(Entry("unchoked", self.me, neighbour.peer))]
        return effects + self._fetcher.fill(neighbour, now)

    def _got_interested(self, neighbour: Neighbour, _: int, now: float) -> List[Effect]:
        neighbour.wants_ours = True
        return [Log(Entry("interested", self.me, neighbour.peer))]

    def _got_not_interested(self, neighbour: Neighbour, _: int, now: float) -> List[Effect]:
        neighbour.wants_ours = False
        return [Log(Entry("not interested", self.me, neighbour.peer)), *self._leave_if_over(now)]

    def _got_have(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        neighbour.haves += 1
        if neighbour.haves > MOST_HAVES * self.setup.total + SPARE_HAVES:
            return self._drop(neighbour, f"{neighbour.haves} have messages for {self.setup.total} pieces")
        effects: List[Effect] = [Log(Entry("have", self.me, neighbour.peer, index))]
        bit = 1 << index
        if not neighbour.pieces & bit:
            neighbour.pieces |= bit
            self.news = now
            self.pieces.gain_one(index)
            if not neighbour.we_want:
                effects += self._teller.interest(neighbour)
            effects += self._fetcher.fill(neighbour, now)
            if neighbour.complete:
                effects += self._leave_if_over(now)
        return effects

    def _got_bitfield(self, neighbour: Neighbour, pieces: int, now: float) -> List[Effect]:
        """Also late or twice, as some send it: what a neighbour had, it still has."""
        gained = pieces & ~neighbour.pieces
        neighbour.pieces |= pieces
        self.news = now
        self.pieces.gain(gained)
        effects = self._teller.interest(neighbour, must_say=True)
        return effects + self._fetcher.fill(neighbour, now) + self._leave_if_over(now)

    def _got_request(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        if neighbour.we_choke or not (index >= self.setup.total or self.pieces.has(index)):
            return []  # it crossed our choke on the way, or asks for what we never announced
        if len(neighbour.queue) + neighbour.unsent >= MOST_QUEUED:
            return self._drop(neighbour, f"more than {MOST_QUEUED} requests open at once")
        neighbour.asked = now
        if index not in neighbour.queue:
            neighbour.queue.append(index)
        return self._uploader.serve(self.neighbours, now)

    def _got_piece(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        raise AssertionError("a piece comes as PieceStored or PieceBad")

    def _got_cancel(self, neighbour: Neighbour, index: int, now: float) -> List[Effect]:
        if index in neighbour.queue:
            neighbour.queue.remove(index)
        return []

    def _got_complete(self, neighbour: Neighbour, _: int, now: float) -> List[Effect]:
        return self._got_bitfield(neighbour, self.pieces.all, now)

    # ---- pieces

    def _on_stored(self, event: PieceStored, now: float) -> List[Effect]:
        neighbour, index = self.neighbours[event.peer], event.piece
        self._fetcher.arrived(neighbour, index, now)
        self.pieces.store(index)
        self.progress = self._moved = now
        neighbour.interval_bytes += self.setup.common.piece_size
        effects: List[Effect] = [Log(Entry("piece", self.me, event.peer, index, self.pieces.count))]
        effects += self._fetcher.fill(neighbour, now)  # before the haves: the request is what the line waits for
        effects += self._fetcher.withdraw(index)
        effects += self._teller.announce(index)
        if self.pieces.complete:
            effects.append(Finish())
        return effects

    def _on_surplus(self, event: PieceSurplus, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        self._fetcher.arrived(neighbour, event.piece, now)
        return self._fetcher.fill(neighbour, now)

    def _on_bad(self, event: PieceBad, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        self.bad_pieces += 1
        neighbour.strikes += 1
        reason = f"piece {event.piece} from {event.peer} has the wrong hash; it was thrown away"
        return self._drop(neighbour, reason)

    def _on_sent(self, event: PieceSent, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        self.progress = now
        self._uploader.sent(neighbour, now)
        effects = self._uploader.serve(self.neighbours, now)
        if neighbour.hidden and self._offers:
            neighbour.offered &= ~(1 << event.piece)
            effects += self._offers.offer(neighbour, self.pieces.rarity[0])
            effects += self._reveal_if_out()
        return effects

    def _offer_again(self, now: float) -> List[Effect]:
        effects: List[Effect] = []
        if self._offers is None:
            return effects
        for neighbour in self.connected:
            if neighbour.hidden:
                busy = self._uploader.busy_with(neighbour)
                effects += self._offers.renew(neighbour, self.pieces.rarity[0], busy, now)
        return effects + self._reveal_if_out()

    def _reveal_if_out(self) -> List[Effect]:
        return [] if self.hiding else offers.reveal(self.connected)

    def _on_finished(self, event: Finished, now: float) -> List[Effect]:
        self.finished = True
        effects: List[Effect] = [Log(Entry("complete", self.me))]
        return effects + self._leave_if_over(now)

    # ---- time

    def _on_tick(self, event: Tick, now: float) -> List[Effect]:
        self._note_traffic(event, now)
        effects: List[Effect] = []
        if now >= self.choker.due(now):
            effects += self._rechoke(now)
        if now >= self._next_tick:
            self._next_tick = now + (FETCHING_TICK if self.fleet and not self.pieces.complete else TICK)
            effects += self._fetcher.release_silent(self.connected, now)
            effects += self._dial_again()
            effects += self._refill(now)
            effects += self._uploader.serve(self.neighbours, now)  # a neighbour that takes too long frees its slot
            effects += self._offer_again(now)
            effects += self._teller.catch_up(self.connected)
            effects += self._teller.progress(self.connected, self._moved, now)
            effects += self._leave_if_over(now) or self._leave_if_stuck(now)
        return effects

    def _note_traffic(self, event: Tick, now: float) -> None:
        for neighbour in self.connected:
            received = event.received.get(neighbour.peer, 0)
            if received != neighbour.received:
                neighbour.received = received
                neighbour.heard = now
                neighbour.silent = False
                if neighbour.open:
                    self.progress = self._moved = now
            neighbour.sent = event.sent.get(neighbour.peer, neighbour.sent)

    def _rechoke(self, now: float) -> List[Effect]:
        before = (self.choker.preferred, self.choker.favourite)
        unchoked = self.choker.choose(self.connected, self.pieces.complete, now)
        effects = self._log_choice(*before)
        for neighbour in self.connected:
            effects += self._set_choke(neighbour, neighbour.peer not in unchoked)
        return effects

    def _log_choice(self, preferred: "frozenset[int]", favourite: Optional[int]) -> List[Effect]:
        effects: List[Effect] = []
        if self.choker.preferred and self.choker.preferred != preferred:
            others = eventlog.format_others(sorted(self.choker.preferred))
            effects.append(Log(Entry("preferred", self.me, others=others)))
        if self.choker.favourite not in (favourite, None):
            effects.append(Log(Entry("optimistic", self.me, self.choker.favourite)))
        return effects

    def _leave_if_stuck(self, now: float) -> List[Effect]:
        if now - max(self.progress, self.news) <= self.setup.limits.patience:
            return []
        if self.pieces.complete and not self.finished:
            return []  # this machine's disk is slow, and the swarm has nothing to do with it
        if self.finished:
            return [Leave(EXIT_OK, waiting_reason(self))]
        return [Leave(EXIT_INCOMPLETE, incomplete_reason(self))]

    def _leave_if_over(self, now: float) -> List[Effect]:
        """We have the payload and so have all who could want it from us (classic: everybody)."""
        complete = self.finished and all(neighbour.complete for neighbour in self.neighbours.values())
        if complete and (now - self.news >= LAST_WISH or not self._somebody_may_ask()):
            shown = offers.reveal(self.connected)  # who still saw offers only would wait for us
            return [*shown, Leave(EXIT_OK, "")]
        return []

    def _somebody_may_ask(self) -> bool:
        """A foreign neighbour may have it all and still want more: an empty piece behind the last."""
        return any(neighbour.wants_ours and not neighbour.fleet for neighbour in self.connected)

    # ---- small things that several of the above do

    def _set_choke(self, neighbour: Neighbour, choke: bool) -> List[Effect]:
        if neighbour.we_choke == choke:
            return []
        neighbour.we_choke = choke
        if choke:
            neighbour.queue.clear()
        return [Send(neighbour.peer, Message(messages.CHOKE if choke else messages.UNCHOKE))]

    def _refill(self, now: float) -> List[Effect]:
        if self.pieces.complete:
            return []
        return self._fetcher.fill_all(self.connected, now)

    def _drop(self, neighbour: Neighbour, reason: str) -> List[Effect]:
        return [Drop(neighbour.peer, reason)]

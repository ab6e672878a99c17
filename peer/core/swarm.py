"""The swarm as one peer sees it: `handle(event, now) -> effects` is all that the owner's loop calls.

This file knows no socket, file, clock or thread; `now` is seconds of any steady clock, `rng` the peer's own randomness.
Start reading at the two tables of `Swarm`: they name everything that can happen and its handler.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar, Dict, List, Mapping

from peer.core import events as ev
from peer.core import messages
from peer.core.announcing import Announcer
from peer.core.choker import choker_for
from peer.core.dialling import Dialling
from peer.core.errors import EXIT_OK
from peer.core.eventlog import Entry
from peer.core.events import Effect, Event
from peer.core.fetcher import Fetcher
from peer.core.finding import DiskEvent, Finding
from peer.core.firstround import first_round
from peer.core.holding import holding_of
from peer.core.leaving import Leaving
from peer.core.messages import Message
from peer.core.neighbour import Neighbour, connected
from peer.core.pieces import Pieces
from peer.core.roll import Roll
from peer.core.setup import Setup
from peer.core.ticks import Ticks
from peer.core.tolerance import Tolerance
from peer.core.uploader import MOST_QUEUED, Uploader


class Swarm:
    """One peer's state and rules. `here`, `settled`: see `Pieces`; `complete`: the payload has its final name."""

    EVENTS: ClassVar[Dict[type, str]] = {
        ev.Received: "_on_received",
        ev.PieceStored: "_on_stored",
        ev.PieceSent: "_on_sent",
        ev.PieceSurplus: "_on_surplus",
        ev.PartStored: "_on_part",
        ev.PieceBad: "_on_bad",
        **dict.fromkeys((ev.Found, ev.Checked, ev.Settled), "_on_disk"),
        ev.Connected: "_on_connected",
        ev.Disconnected: "_on_disconnected",
        ev.DialFailed: "_on_dial_failed",
        ev.Tolerated: "_on_tolerated",
        ev.Finished: "_on_disk",
        ev.Tick: "_on_tick",
    }
    MESSAGES: ClassVar[Dict[int, str]] = {  # a piece or part comes as PieceStored, PartStored, PieceSurplus or PieceBad
        messages.CHOKE: "_got_choke",
        messages.UNCHOKE: "_got_unchoke",
        messages.INTERESTED: "_got_interested",
        messages.NOT_INTERESTED: "_got_not_interested",
        messages.HAVE: "_got_have",
        messages.BITFIELD: "_got_bitfield",
        messages.REQUEST: "_got_request",
        messages.REQUEST_PART: "_got_request",
        messages.CANCEL: "_got_cancel",
        messages.COMPLETE: "_got_complete",
        messages.ROLL: "_got_roll",
    }

    def __init__(self, setup: Setup, here: int, complete: bool, rng: Random, settled: bool = True) -> None:
        self.setup = setup
        self.me = setup.me
        self.pieces = Pieces(setup.total, here, settled, setup.repeats)
        self.neighbours = {peer: Neighbour(peer, setup.total) for peer in setup.near}
        self.leaving = Leaving(self.pieces, self.neighbours, setup.limits.patience, complete)
        self.choker = choker_for(setup, rng)
        self.tolerance = Tolerance(self.pieces, self.neighbours, setup.seeds, rng)
        self.bad_pieces = 0
        self._fetcher = Fetcher(setup, self.pieces, self.neighbours, rng, self.tolerance)
        self._uploader = Uploader(setup.limits.uploads if setup.fleet else None, holding_of(setup))
        self._announcer = Announcer(self.pieces, self.neighbours, setup.seeds, setup.limits.patience)
        self.finding = Finding(self.me, self.pieces, self.leaving, self._announcer, self._fetcher)
        self._first_round = first_round(setup, self.pieces, self.neighbours, self._uploader, rng)
        self.dialling = Dialling(setup, self.pieces, self.neighbours, self.tolerance)
        self._roll = Roll(setup, self.neighbours)
        self._parts = (self._fetcher, self._uploader, self._announcer, self.tolerance)
        self._ticks = Ticks(setup.fleet, self.pieces, self.neighbours)

    # ---- what the owner calls

    def start(self, now: float) -> List[Effect]:
        """The first effects: dial the peers listed before us; a payload that only lacks its final name gets it."""
        self.leaving.note_progress(now)
        self._announcer.start(now)
        self._ticks.start(now)
        self.choker.due(now)
        return self.dialling.start(now) + self.finding.finish() + self._leave_if_over(now)

    def due(self, now: float) -> float:
        """When the next Tick must come, at the latest."""
        return min(self._ticks.due, self.choker.due(now))

    def handle(self, event: Event, now: float) -> List[Effect]:
        """Take note of one fact; returns the effects, in order."""
        effects: List[Effect] = getattr(self, self.EVENTS[type(event)])(event, now)
        return effects + self._leave_if_over(now) if self.leaving.finished else effects

    def _leave_if_over(self, now: float) -> List[Effect]:
        if not self.leaving.over(now):
            return []
        # Who saw offers only would wait for us, and who seeks somebody for our answer.
        return [*self._first_round.reveal(), *self._roll.look(now), ev.Leave(EXIT_OK, "")]

    # ---- connections

    def _on_connected(self, event: ev.Connected, now: float) -> List[Effect]:
        neighbour = self.neighbours.get(event.peer)
        if neighbour is None:  # a classic peer dials everybody, also a peer that isn't near in the fleet's graph
            neighbour = self.neighbours[event.peer] = Neighbour(event.peer, self.setup.total)
        if neighbour.connected:  # the newest connection counts: the neighbour came back before we missed it
            self._lose(neighbour, "replaced by a newer connection")
        if neighbour.shut_out:
            return [ev.Drop(event.peer, "it sent bad pieces before")]
        neighbour.begin(event.fleet, now)
        for part in self._parts:
            part.begin(neighbour, now)
        entry = Entry("dialled" if event.dialled else "accepted", self.me, event.peer)
        return [ev.Log(entry), *self.dialling.met(event), *self._introduce(neighbour)]

    def _introduce(self, neighbour: Neighbour) -> List[Effect]:
        """The bitfield, always: some wait for it. A seed in its first round shows fleet peers its offers only."""
        shown = 0 if self._first_round.takes(neighbour) else self.pieces.here
        effects = self._announcer.introduce(neighbour, shown)
        if self.setup.fleet:
            effects += self._uploader.set_choke(neighbour, False)
        return effects + self._first_round.offer(neighbour) + self._roll.introduce(neighbour)

    def _on_disconnected(self, event: ev.Disconnected, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        if not neighbour.connected:
            return []
        again = self.dialling.lost(neighbour, now)
        self._lose(neighbour, event.reason)
        if event.fault:
            again.append(ev.Tell(f"dropped {event.peer}: {event.fault}"))
        return again + self._fetcher.fill_all(now)

    def _lose(self, neighbour: Neighbour, reason: str) -> None:
        """Forget the state that belonged to a connection."""
        self._first_round.end(neighbour)
        for part in self._parts:
            part.end(neighbour)
        self.choker.forget(neighbour.peer)
        self.pieces.lose(neighbour.counted)
        neighbour.end(reason)

    def _on_dial_failed(self, event: ev.DialFailed, now: float) -> List[Effect]:
        self.neighbours[event.peer].trouble = event.reason
        return self.tolerance.tell_once(event.peer, event.fault) if event.fault else []

    def _on_tolerated(self, event: ev.Tolerated, now: float) -> List[Effect]:
        return self.tolerance.note(event.peer, event.habit)

    # ---- messages

    def _on_received(self, event: ev.Received, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        if not neighbour.connected or neighbour.dropped:
            return []
        neighbour.spoke = neighbour.was_met = True
        effects: List[Effect] = getattr(self, self.MESSAGES[event.message.type])(neighbour, event.message, now)
        return effects

    def _got_choke(self, neighbour: Neighbour, _: Message, now: float) -> List[Effect]:
        self._fetcher.choked(neighbour)
        return [self._note("choked", neighbour), *self._fetcher.fill_all(now)]

    def _got_unchoke(self, neighbour: Neighbour, _: Message, now: float) -> List[Effect]:
        return [self._note("unchoked", neighbour), *self._fetcher.unchoked(neighbour, now)]

    def _got_interested(self, neighbour: Neighbour, _: Message, now: float) -> List[Effect]:
        neighbour.wants_ours = True
        return [self._note("interested", neighbour)]

    def _got_not_interested(self, neighbour: Neighbour, _: Message, now: float) -> List[Effect]:
        neighbour.wants_ours = False
        return [self._note("not interested", neighbour)]

    def _got_have(self, neighbour: Neighbour, message: Message, now: float) -> List[Effect]:
        if neighbour.floods():
            return neighbour.drop(f"{neighbour.haves} have messages for {self.setup.total} pieces")
        index, bit = message.value, 1 << message.value
        effects: List[Effect] = [ev.Log(Entry("have", self.me, neighbour.peer, index))]
        self.tolerance.have(neighbour, bit)
        if not neighbour.pieces & bit:
            neighbour.pieces |= bit
            self.leaving.note_have(neighbour, bit, now)
            self.pieces.gain_one(index, neighbour.apart)
            self._uploader.news(neighbour, bit, now)
            if not neighbour.news.we_want:
                effects += self._announcer.interest(neighbour)
            effects += self._fetcher.fill(neighbour, now)
        return effects

    def _got_bitfield(self, neighbour: Neighbour, message: Message, now: float) -> List[Effect]:
        """It may come late or twice, as some peers send it: a neighbour keeps the pieces that it had."""
        pieces = self.tolerance.announced(neighbour, message.value)
        gained = pieces & ~neighbour.pieces
        if not neighbour.complete:
            neighbour.asking.offered = neighbour.pieces
        neighbour.pieces |= pieces
        self.leaving.note_bitfield(neighbour, now)
        self.pieces.gain(gained & neighbour.counted)
        self._uploader.news(neighbour, gained, now)
        return self._announcer.interest(neighbour, must_answer=True) + self._fetcher.fill(neighbour, now)

    def _got_complete(self, neighbour: Neighbour, _: Message, now: float) -> List[Effect]:
        return self._got_bitfield(neighbour, Message(messages.BITFIELD, self.pieces.all), now)

    def _got_roll(self, neighbour: Neighbour, message: Message, now: float) -> List[Effect]:
        return self._roll.heard(message.value, now)

    def _got_request(self, neighbour: Neighbour, message: Message, now: float) -> List[Effect]:
        index = message.value
        if not (index >= self.setup.total or self.pieces.has(index)):
            return []  # it asks for what we never announced
        if not neighbour.fleet:
            return self.tolerance.request(neighbour, index) + self._uploader.serve(self.neighbours, now)
        if not self._uploader.accept(neighbour, index, now, message.blocks):
            return neighbour.drop(f"more than {MOST_QUEUED} requests open simultaneously")
        return self._uploader.serve(self.neighbours, now)

    def _got_cancel(self, neighbour: Neighbour, message: Message, now: float) -> List[Effect]:
        self._uploader.cancel(neighbour, message.value)
        return []

    # ---- pieces

    def _on_stored(self, event: ev.PieceStored, now: float) -> List[Effect]:
        neighbour, index = self.neighbours[event.peer], event.piece
        told = self._fetcher.arrived(neighbour, index, now)
        self.pieces.store(index)
        self.leaving.note_arrival(now)
        self.choker.note_piece(neighbour, self.setup.piece_length(index))
        effects: List[Effect] = [ev.Log(Entry("piece", self.me, event.peer, index, self.pieces.held)), *told]
        effects += self._fetcher.fill(neighbour, now)  # before the haves: the link is idle until then
        effects += self._fetcher.withdraw(index)
        effects += self._announcer.announce(index)
        return effects + self.finding.finish()

    def _on_surplus(self, event: ev.PieceSurplus, now: float) -> List[Effect]:
        return self._fetcher.answered(self.neighbours[event.peer], event.piece, now)

    def _on_part(self, event: ev.PartStored, now: float) -> List[Effect]:
        self.leaving.note_arrival(now)
        return self._fetcher.part_arrived(self.neighbours[event.peer], event.piece, event.wanted, now)

    def _on_bad(self, event: ev.PieceBad, now: float) -> List[Effect]:
        self.bad_pieces += 1
        self.neighbours[event.peer].strikes += 1
        return [ev.Drop(event.peer, f"piece {event.piece} from {event.peer} has the wrong hash; it was thrown away")]

    def _on_sent(self, event: ev.PieceSent, now: float) -> List[Effect]:
        neighbour = self.neighbours[event.peer]
        self._uploader.sent(neighbour, now)
        self.tolerance.sent(neighbour, event.piece)
        return self._uploader.serve(self.neighbours, now) + self._first_round.sent(neighbour, event.piece)

    def _on_disk(self, event: DiskEvent, now: float) -> List[Effect]:
        return self.finding.take(event, now)

    # ---- time

    def _on_tick(self, event: ev.Tick, now: float) -> List[Effect]:
        self.leaving.note_delivered(event.delivered, now)
        if self._fetcher.note_traffic(event.received, event.fetched, now):
            self.leaving.note_arrival(now)
        effects = self._tolerate(event.unacked, now)  # before the choker's choice ends a turn
        if now >= self.choker.due(now):
            unchoked = self.choker.choose(connected(self.neighbours), self.pieces.complete, now)
            effects += [ev.Log(entry) for entry in self.choker.entries(self.me)]
            for neighbour in connected(self.neighbours):
                effects += self._uploader.set_choke(neighbour, neighbour.peer not in unchoked)
        if self._ticks.take(now):
            effects += self._fetcher.release_silent(now)
            effects += self.dialling.again(now) + self._roll.look(now)
            effects += self._fetcher.fill_all(now) + self._fetcher.ask_in_spite(self.setup.common.unchoking, now)
            effects += self._uploader.serve(self.neighbours, now)  # a neighbour that takes too long frees its slot
            effects += self._first_round.renew(now)
            effects += self._announcer.catch_up(self.leaving.moved, self.finding.is_version, now)
            effects += self.leaving.give_up(now)
        return effects

    def _tolerate(self, unacked: Mapping[int, int], now: float) -> List[Effect]:
        """Help classic neighbours that are stuck (see `tolerance`)."""
        effects = self.tolerance.look(unacked, now)
        for seed in self.tolerance.late_seeds():
            effects += self._got_bitfield(seed, Message(messages.BITFIELD), now)
        return effects + self._uploader.serve(self.neighbours, now) if effects else effects

    def _note(self, kind: str, neighbour: Neighbour) -> Effect:
        return ev.Log(Entry(kind, self.me, neighbour.peer))

"""The owner: the only thread that changes the swarm's state; its loop handles every event and effect.

    event -> swarm.handle -> effects, carried out in their order

Everything else (links, listener, dialler, store's finisher) only puts facts into the inbox.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from peer.core import habits, messages, tracer
from peer.core.errors import EXIT_INTERRUPTED, StoreError, peer_name
from peer.core.events import (
    Connected,
    Dial,
    Disconnected,
    Drop,
    Effect,
    Event,
    Finish,
    Finished,
    Found,
    Leave,
    Log,
    PieceStored,
    Send,
    SendPiece,
    Settled,
    StopDialling,
    Tell,
)
from peer.core.leaving import Goodbye
from peer.core.swarm import Swarm
from peer.core.tuples import NamedTuple
from peer.edge import stderr
from peer.edge.checking import Check
from peer.edge.dialler import Dialler
from peer.edge.files import disk_error
from peer.edge.link import Link, tick_of
from peer.edge.linking import link_to
from peer.edge.logfile import LogFile
from peer.edge.meeting import Met
from peer.edge.statusfile import StatusFile
from peer.edge.store import Store
from peer.edge.throttle import UNCAPPED, Budget
from peer.edge.tracefile import TraceFile

FLUSH_SECONDS = 10.0  # that a leaving peer's last messages may take
MOST_WAITING = 5000  # facts in the inbox, above which each thread that brings one more ...
FLOOD_PAUSE = 0.01  # ... waits for so many seconds
MOST_AT_ONCE = 512  # events handled before the log is flushed and the clock is looked at again


class Interrupt(NamedTuple):
    """A TERM signal or Ctrl-C came."""


# Events about the disk count even if their connection has ended since.
_COUNT_ALWAYS = (PieceStored, StoreError)

Fact = Union[Event, Met, StoreError, Interrupt]
Inbox = queue.SimpleQueue[Tuple[Optional[Link], Fact]]  # the link that reports the event; None for other threads


class Ending(NamedTuple):
    """How the loop ended: the exit code and the reason, "" if all went well."""

    code: int
    reason: str


class Owner:
    """Runs one swarm to its end. All its methods belong to the thread that calls `run`."""

    def __init__(
        self,
        inbox: Inbox,
        swarm: Swarm,
        store: Store,
        dialler: Dialler,
        log: LogFile,
        status: StatusFile,
        trace: TraceFile,
        check: Check,
        budget: Budget = UNCAPPED,
    ) -> None:
        self._inbox = inbox
        self._budget = budget
        self._swarm = swarm
        self._store = store
        self._dialler = dialler
        self._log = log
        self._status = status
        self._trace = trace
        self._links: Dict[int, Link] = {}
        self._old_links: List[Link] = []
        self._ending: Optional[Ending] = None
        self._hands: List[threading.Thread] = []
        self._check = check
        self._carry: Dict[type, Callable[[Any], None]] = {
            Send: self._send,
            SendPiece: self._send_piece,
            Log: self._write_log,
            Tell: self._tell,
            Dial: self._dial,
            StopDialling: self._stop_dialling,
            Drop: self._drop,
            Finish: self._finish,
            Leave: self._leave,
        }

    def run(self) -> Ending:
        """The loop. Returns when the swarm decides to leave."""
        if not self._store.complete:
            self._start_hand(self._write_back, "write-back")
        self._carry_out(self._swarm.start(time.monotonic()))
        if not self._swarm.pieces.settled:
            self._start_hand(self._check.run, "check")
            self._start_hand(self._check.twins.run, "twins")
        while self._ending is None:
            self._handle_waiting()
            self._log.flush()
            self._look_at_clock()
        self._status.write(self._swarm, self._links)  # saying goodbye may take a while
        self._part(self._ending)
        return self._ending

    @property
    def links(self) -> Mapping[int, Link]:
        """The connections by neighbour; those at the end, after `run`."""
        return self._links

    # ---- events

    def _handle_waiting(self) -> None:
        now = time.monotonic()
        timeout = max(0.0, min(self._swarm.due(now), self._status.due) - now)
        try:
            self._take(*self._inbox.get(timeout=timeout))
            for _ in range(MOST_AT_ONCE):
                if self._ending is not None:
                    return
                self._take(*self._inbox.get_nowait())
        except queue.Empty:
            pass

    def _take(self, link: Optional[Link], fact: Any) -> None:
        kind = type(fact)
        if link is not None and self._links.get(link.peer) is not link and kind not in _COUNT_ALWAYS:
            return  # a late event of a connection that has ended or was replaced
        if kind is Met:
            self._meet(fact)
        elif kind is StoreError:
            self._ending = Ending(fact.code, str(fact))
        elif kind is Interrupt:
            self._ending = Ending(EXIT_INTERRUPTED, "stopped by a signal")
        else:
            if kind is Disconnected:
                self._retire(fact.peer)
            elif kind is Found or kind is Settled:
                self._status.due = 0.0  # what this peer does from now on is something else
            self._handle(fact)

    def _handle(self, event: Event) -> None:
        self._status.note(event)
        self._carry_out(self._swarm.handle(event, time.monotonic()))

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if now >= self._swarm.due(now):
            self._handle(tick_of(self._links))
        if now >= self._status.due:
            self._status.write(self._swarm, self._links)
            self._old_links = [link for link in self._old_links if not link.dispose()]

    def _meet(self, met: Met) -> None:
        """A new connection. The newest one counts: the neighbour may dial again before we notice the old one's end."""
        if self._swarm.dialling.keeps_old(met.peer, met.dialled, time.monotonic()):
            return met.sock.close()
        if met.peer in self._links:
            self._retire(met.peer).close("replaced by a newer connection")
        link = self._links[met.peer] = link_to(met, self._store, self._hear, self._budget)
        self._handle(Connected(met.peer, met.dialled, met.fleet))
        return link.start()

    def _retire(self, peer: int) -> Link:
        """A connection has ended or is about to: its events no longer count."""
        link = self._links.pop(peer)
        self._status.parted(link)
        self._trace.parted(link)
        self._old_links.append(link)
        return link

    def _hear(self, link: Link, fact: Union[Event, StoreError]) -> None:
        """Called by a link's threads. One that floods us has to wait, so that the inbox stays small."""
        if self._inbox.qsize() > MOST_WAITING:
            time.sleep(FLOOD_PAUSE)
        self._inbox.put((link, fact))

    # ---- effects

    def _carry_out(self, effects: List[Effect]) -> None:
        carry = self._carry
        for effect in effects:
            carry[type(effect)](effect)

    def _send(self, effect: Send) -> None:
        if effect.message.type in tracer.MESSAGES:
            self._trace.note(effect)
        if link := self._links.get(effect.peer):
            link.send(messages.encode(effect.message, self._swarm.pieces.total))

    def _send_piece(self, effect: SendPiece) -> None:
        if link := self._links.get(effect.peer):
            link.send_piece(effect.piece, effect.blocks)

    def _write_log(self, effect: Log) -> None:
        self._log.add(effect.entry)
        if effect.entry.kind in tracer.ENTRIES:  # most lines are haves
            self._trace.note(effect.entry)

    def _dial(self, effect: Dial) -> None:
        self._dialler.dial(effect.peer, effect.hung_up, effect.beat)

    def _stop_dialling(self, effect: StopDialling) -> None:
        self._dialler.stop(effect.peer)

    def _drop(self, effect: Drop) -> None:
        if link := self._links.get(effect.peer):
            link.close(effect.reason)
        self._tell(Tell(f"dropped {effect.peer}: {effect.reason}"))

    def _tell(self, effect: Tell) -> None:
        stderr.report(peer_name(self._swarm.me), effect.text)

    def _write_back(self) -> None:
        self._store.unsynced.watch(self._store.checkpoint)

    def _finish(self, effect: Finish) -> None:
        self._start_hand(self._finish_store, "finish")

    def _finish_store(self) -> None:
        self._store.finish()
        self._inbox.put((None, Finished()))

    def _leave(self, effect: Leave) -> None:
        if self._ending is None:
            self._ending = Ending(effect.code, effect.reason)

    def _start_hand(self, work: Callable[[], None], name: str) -> None:
        """Run something slow outside the owner; its StoreError ends the loop."""

        def guarded() -> None:
            try:
                work()
            except StoreError as error:
                self._inbox.put((None, error))
            except OSError as error:
                self._inbox.put((None, disk_error(error, self._store.folder)))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._hands = [hand for hand in self._hands if hand.is_alive()] + [thread]
        thread.start()

    # ---- the end

    def _part(self, ending: Ending) -> None:
        """Send the last messages, then end all threads."""
        self._check.stop()
        self._store.unsynced.release()
        for link in self._links.values():
            link.finish()
        deadline = time.monotonic() + (FLUSH_SECONDS if not ending.code else 1.0)
        waiting = list(self._links.values())
        goodbyes = {link: Goodbye(time.monotonic()) for link in waiting if not self._swarm.neighbours[link.peer].fleet}
        while waiting and time.monotonic() < deadline:
            waiting = [link for link in waiting if not (link.join(0.05) or self._has_heard_all(link, goodbyes))]
        for link in waiting:
            link.close("we leave")
        for link in [*self._links.values(), *self._old_links]:
            link.join(FLUSH_SECONDS)
            link.dispose()
        for hand in self._hands:
            hand.join(FLUSH_SECONDS)
        self._log.flush()

    def _has_heard_all(self, link: Link, goodbyes: Mapping[Link, Goodbye]) -> bool:
        """Close a connection that a classic neighbour never closes, once it has received all our bytes."""
        goodbye = goodbyes.get(link)
        if not goodbye or not goodbye.over(link.received, link.unacked(), time.monotonic()):
            return False
        link.close("we leave")
        self._carry_out(self._swarm.tolerance.note(link.peer, habits.NEVER_CLOSES))
        return True

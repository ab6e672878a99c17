"""Runs one round: starts its peers, does its actions when they are due, watches the statuses, and has it judged."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random
from typing import Callable, Dict, List, NamedTuple

from rigs.soaking import faults, judge, roundpayload
from rigs.soaking.faults import CAPPED, CLOSED, LATE, LOST, ROT, SLOWER, Action
from rigs.soaking.judge import Found
from rigs.soaking.machines import Machines
from rigs.soaking.rounddirs import RoundDirs
from rigs.soaking.roundpeers import RoundPeers
from rigs.soaking.roundplan import Round, peer_id
from rigs.soaking.stallwatch import Watchdog

LOOK_SECONDS = 0.02
STATUS_SECONDS = 0.25
DEADLINE = 120.0  # seconds for a round, unless told otherwise


class RoundResult(NamedTuple):
    """How a round went. `seconds`: from the first start to the last end; `diary`: what was done when.

    `words`: the last of each peer that ended well and had something to say.
    """

    wrong: List[str]
    words: List[str]
    seconds: float
    done: List[str]  # the kinds of the faults that befell a running peer
    diary: List[str]


class RoundRun:
    """One round on these machines. `source`: where its payload may be made."""

    def __init__(self, swarm: Round, machines: Machines, source: Path, deadline: float = DEADLINE) -> None:
        self.swarm = swarm
        self._machines = machines
        self._deadline = deadline
        self.dirs = RoundDirs(swarm, machines.prepare(swarm.peers, swarm.rate, swarm.between), source)
        self._peers = RoundPeers(self.dirs)
        self._pending: List[Action] = faults.actions(swarm.faults)
        self._watchdog = Watchdog()
        self._stalls: Dict[int, str] = {}  # the first of each peer
        self._next_look = 0.0
        for fault in swarm.of(CLOSED):
            machines.close(fault.place)
        self._done: List[str] = [fault.kind for fault in swarm.of(ROT, CLOSED)]
        self._diary: List[str] = []
        self._do: Dict[str, Callable[[Action], bool]] = {
            faults.START: self._start,
            faults.END: self._end,
            faults.END_COPIED: self._end_copied,
            faults.SPOIL: self._spoil,
            faults.FREEZE: lambda action: self._signal(action, signal.SIGSTOP),
            faults.THAW: lambda action: self._signal(action, signal.SIGCONT),
            faults.PART: lambda action: self._at_links(action, lambda: self._machines.part(action.place)),
            faults.JOIN: lambda action: self._at_links(action, lambda: self._machines.join(action.place)),
            faults.PART_ZONE: lambda action: self._at_links(action, lambda: self._machines.split(action.place)),
            faults.JOIN_ZONE: lambda action: self._at_links(action, self._machines.unite),
            faults.BRAKE: lambda action: self._at_links(action, lambda: self._shape(action, SLOWER)),
            faults.LIMIT: lambda action: self._cap(action, self.swarm.rate / CAPPED),
            faults.FREE: lambda action: self._cap(action, 0),
            faults.RELEASE: lambda action: self._at_links(action, lambda: self._shape(action, 1)),
        }
        self._begun = time.monotonic()

    def run(self) -> RoundResult:
        """The round from beginning to end; whatever happens, no process of it is left."""
        self._begun = time.monotonic()
        try:
            self._start_all()
            while not self._over() and self._now < self._deadline:
                self._do_what_is_due()
                self._look_at_statuses()
                time.sleep(LOOK_SECONDS)
            seconds, hung = self._now, self._peers.alive
        finally:
            self._peers.end()
        found = [self._find(place, place in hung) for place in range(self.swarm.peers)]
        wrong = judge.judge(self.swarm, found, self._obtainable(), list(self._stalls.values()))
        words = [one.words.splitlines()[-1] for one in found if one.words and not one.code]
        return RoundResult(wrong, words, seconds, self._done, self._diary)

    @property
    def _now(self) -> float:
        return time.monotonic() - self._begun

    def _start_all(self) -> None:
        late = {fault.place for fault in self.swarm.of(LATE)}
        for place in range(self.swarm.peers):
            if place not in late:
                self._peers.start(place)

    def _over(self) -> bool:
        """Nobody runs, and nobody will any more."""
        to_come = [action for action in self._pending if action.what == faults.START]
        return not self._peers.alive and not any(self._starts(action) for action in to_come)

    def _starts(self, action: Action) -> bool:
        """Whether a START will come true: of a late one always, else of who was killed and didn't leave before."""
        return action.fault.kind == LATE or action.place in self._peers.killed

    # ---- actions

    def _do_what_is_due(self) -> None:
        for action in [action for action in self._pending if action.at <= self._now]:
            if self._do[action.what](action):
                self._pending.remove(action)

    def _note(self, action: Action, what: str = "") -> None:
        status = self.dirs.status(action.place)
        had = f" with {status.pieces} of {status.total} pieces" if status else ""
        self._diary.append(f"{self._now:.2f} s: {action.what} {peer_id(action.place)}{had}{what}")

    def _happens(self, action: Action) -> None:
        self._done.append(action.fault.kind)

    def _start(self, action: Action) -> bool:
        if self._starts(action):
            self._note(action)
            self._peers.start(action.place)
            if action.fault.kind == LATE:
                self._happens(action)
        return True

    def _end(self, action: Action) -> bool:
        if self._peers.running(action.place):
            self._peers.kill(action.place)
            self._note(action)
            self._happens(action)
        return True

    def _end_copied(self, action: Action) -> bool:
        if self._peers.running(action.place) and not self.dirs.copied([action.place]):
            return False
        return self._end(action)

    def _spoil(self, action: Action) -> bool:
        if action.place in self._peers.killed and self.dirs.part(action.place).exists():
            rng = Random(f"spoil {self.swarm.seed} {self.swarm.number} {action.place} {action.at}")
            self._note(action, f": {roundpayload.spoil(self.dirs.part(action.place), rng)} bits")
        return True

    def _signal(self, action: Action, number: int) -> bool:
        if self._peers.running(action.place):
            self._peers.signal(action.place, number)
            self._note(action)
            if number == signal.SIGSTOP:
                self._happens(action)
        return True

    def _at_links(self, action: Action, work: Callable[[], None]) -> bool:
        work()
        self._note(action)
        if self._peers.running(action.place) and action.what in (faults.PART, faults.PART_ZONE, faults.BRAKE):
            self._happens(action)
        return True

    def _cap(self, action: Action, mbit: float) -> bool:
        self.dirs.cap(action.place, mbit)
        self._note(action)
        if self._peers.running(action.place) and mbit:
            self._happens(action)
        return True

    def _shape(self, action: Action, slower: int) -> None:
        self._machines.rate(action.place, self.swarm.rate / slower)

    # ---- what is seen

    def _look_at_statuses(self) -> None:
        if self._now < self._next_look:
            return
        self._next_look = self._now + STATUS_SECONDS
        for place in self._peers.alive:
            status = self.dirs.status(place)
            stall = self._watchdog.see(status) if status else None
            if stall:
                self._stalls.setdefault(place, stall)

    def _obtainable(self) -> bool:
        cut_off = [fault.place for fault in self.swarm.of(LOST)]
        return self.dirs.copied([*judge.dead_for_good(self.swarm), *cut_off])

    def _find(self, place: int, hung: bool) -> Found:
        final = self.dirs.final(place)
        beside = final.parent.iterdir() if final.parent.exists() else ()
        words = self.dirs.words(place)
        return Found(
            place=place,
            code=None if hung else self._peers.code(place),
            gone=place in self._peers.killed,
            named=final.exists(),
            problem=self.dirs.problem(place),
            left=sorted(path.name for path in beside if path != final),
            words=words.read_text(errors="replace") if words.exists() else "",
        )

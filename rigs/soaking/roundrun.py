"""Plays one round: starts its peers, does its deeds when they are due, watches the statuses, and has it judged."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from random import Random
from typing import Callable, Dict, List, NamedTuple

from rigs.soaking import faults, judge, roundpayload
from rigs.soaking.faults import LATE, LOST, ROT, SLOWER, Deed
from rigs.soaking.judge import Found
from rigs.soaking.machines import Ground
from rigs.soaking.rounddir import Camp
from rigs.soaking.roundpeers import Cast
from rigs.soaking.roundplan import Round, peer_id
from rigs.soaking.stallwatch import Watchdog

LOOK_SECONDS = 0.02
STATUS_SECONDS = 0.25
DEADLINE = 120.0  # seconds for a round, unless told otherwise


class Played(NamedTuple):
    """How a round went. `seconds`: from the first start to the last end; `diary`: what was done when.

    `words`: the last of each peer that ended well and had something to say.
    """

    wrong: List[str]
    words: List[str]
    seconds: float
    done: List[str]  # the kinds of the faults that befell a running peer
    diary: List[str]


class Play:
    """One round on a ground. `source`: where its payload may be made."""

    def __init__(self, swarm: Round, ground: Ground, source: Path, deadline: float = DEADLINE) -> None:
        self.swarm = swarm
        self._ground = ground
        self._deadline = deadline
        self.camp = Camp(swarm, ground.stands(swarm.peers, swarm.rate), source)
        self._cast = Cast(self.camp)
        self._pending: List[Deed] = faults.deeds(swarm.faults)
        self._watchdog = Watchdog()
        self._stalls: Dict[int, str] = {}  # the first of each peer
        self._next_look = 0.0
        self._done: List[str] = [fault.kind for fault in swarm.of(ROT)]
        self._diary: List[str] = []
        self._do: Dict[str, Callable[[Deed], bool]] = {
            faults.START: self._start,
            faults.END: self._end,
            faults.END_COPIED: self._end_copied,
            faults.SPOIL: self._spoil,
            faults.FREEZE: lambda deed: self._signal(deed, signal.SIGSTOP),
            faults.THAW: lambda deed: self._signal(deed, signal.SIGCONT),
            faults.PART: lambda deed: self._at_links(deed, lambda: self._ground.part(deed.place)),
            faults.JOIN: lambda deed: self._at_links(deed, lambda: self._ground.join(deed.place)),
            faults.BRAKE: lambda deed: self._at_links(deed, lambda: self._shape(deed, SLOWER)),
            faults.RELEASE: lambda deed: self._at_links(deed, lambda: self._shape(deed, 1)),
        }
        self._begun = time.monotonic()

    def run(self) -> Played:
        """The round from beginning to end; whatever happens, no process of it is left."""
        self._begun = time.monotonic()
        try:
            self._start_all()
            while not self._over() and self._now < self._deadline:
                self._do_what_is_due()
                self._look_at_statuses()
                time.sleep(LOOK_SECONDS)
            seconds, hung = self._now, self._cast.alive
        finally:
            self._cast.end()
        found = [self._find(place, place in hung) for place in range(self.swarm.peers)]
        wrong = judge.judge(self.swarm, found, self._obtainable(), list(self._stalls.values()))
        words = [one.words.splitlines()[-1] for one in found if one.words and not one.code]
        return Played(wrong, words, seconds, self._done, self._diary)

    @property
    def _now(self) -> float:
        return time.monotonic() - self._begun

    def _start_all(self) -> None:
        late = {fault.place for fault in self.swarm.of(LATE)}
        for place in range(self.swarm.peers):
            if place not in late:
                self._cast.start(place)

    def _over(self) -> bool:
        """Nobody runs, and nobody will any more."""
        to_come = [deed for deed in self._pending if deed.what == faults.START]
        return not self._cast.alive and not any(self._starts(deed) for deed in to_come)

    def _starts(self, deed: Deed) -> bool:
        """Whether a START will come true: of a late one always, else of who was killed and didn't leave before."""
        return deed.fault.kind == LATE or deed.place in self._cast.killed

    # ---- deeds

    def _do_what_is_due(self) -> None:
        for deed in [deed for deed in self._pending if deed.at <= self._now]:
            if self._do[deed.what](deed):
                self._pending.remove(deed)

    def _note(self, deed: Deed, what: str = "") -> None:
        status = self.camp.status(deed.place)
        had = f" with {status.pieces} of {status.total} pieces" if status else ""
        self._diary.append(f"{self._now:.2f} s: {deed.what} {peer_id(deed.place)}{had}{what}")

    def _happens(self, deed: Deed) -> None:
        self._done.append(deed.fault.kind)

    def _start(self, deed: Deed) -> bool:
        if self._starts(deed):
            self._note(deed)
            self._cast.start(deed.place)
            if deed.fault.kind == LATE:
                self._happens(deed)
        return True

    def _end(self, deed: Deed) -> bool:
        if self._cast.running(deed.place):
            self._cast.kill(deed.place)
            self._note(deed)
            self._happens(deed)
        return True

    def _end_copied(self, deed: Deed) -> bool:
        if self._cast.running(deed.place) and not self.camp.copied([deed.place]):
            return False
        return self._end(deed)

    def _spoil(self, deed: Deed) -> bool:
        if deed.place in self._cast.killed and self.camp.part(deed.place).exists():
            rng = Random(f"spoil {self.swarm.seed} {self.swarm.number} {deed.place} {deed.at}")
            self._note(deed, f": {roundpayload.spoil(self.camp.part(deed.place), rng)} bits")
        return True

    def _signal(self, deed: Deed, number: int) -> bool:
        if self._cast.running(deed.place):
            self._cast.signal(deed.place, number)
            self._note(deed)
            if number == signal.SIGSTOP:
                self._happens(deed)
        return True

    def _at_links(self, deed: Deed, work: Callable[[], None]) -> bool:
        work()
        self._note(deed)
        if self._cast.running(deed.place) and deed.what in (faults.PART, faults.BRAKE):
            self._happens(deed)
        return True

    def _shape(self, deed: Deed, slower: int) -> None:
        self._ground.rate(deed.place, self.swarm.rate / slower)

    # ---- what is seen

    def _look_at_statuses(self) -> None:
        if self._now < self._next_look:
            return
        self._next_look = self._now + STATUS_SECONDS
        for place in self._cast.alive:
            status = self.camp.status(place)
            stall = self._watchdog.see(status) if status else None
            if stall:
                self._stalls.setdefault(place, stall)

    def _obtainable(self) -> bool:
        cut_off = [fault.place for fault in self.swarm.of(LOST)]
        return self.camp.copied([*judge.dead_for_good(self.swarm), *cut_off])

    def _find(self, place: int, hung: bool) -> Found:
        final = self.camp.final(place)
        beside = final.parent.iterdir() if final.parent.exists() else ()
        words = self.camp.words(place)
        return Found(
            place=place,
            code=None if hung else self._cast.code(place),
            gone=place in self._cast.killed,
            whole=final.exists(),
            problem=self.camp.problem(place),
            left=sorted(path.name for path in beside if path != final),
            words=words.read_text(errors="replace") if words.exists() else "",
        )

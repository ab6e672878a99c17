"""What may go wrong in a round, as data, and the actions that make it happen."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence

# Each befalls one peer and passes: it goes on afterwards and must end with the payload.
KILL, STOP, CUT, CORRUPT, SLOW, LATE, CAP = "kill", "stop", "cut", "corrupt", "slow", "late", "cap"
# These stay. DIE: the seed is killed once every piece is somewhere else. ORPHAN: at some moment, come what may. LOST:
# cut off for good. ROT: a seed whose payload was changed before it started.
DIE, ORPHAN, LOST, ROT = "die", "orphan", "lost", "rot"
# This befalls a zone, that of the peer at `place`: nothing passes between it and the others.
SPLIT = "split"
# This is so all the time, and harms nobody: the host accepts no connection.
CLOSED = "closed"

PASSING = (KILL, STOP, CUT, CORRUPT, SLOW, LATE, CAP)
GRAVE = (DIE, ORPHAN, LOST, ROT)
NEED_LAB = (CUT, SLOW, LOST, CLOSED, SPLIT)  # loopback has no links to cut or to slow down
SLOWER = 20  # SLOW divides the rate by that
CAPPED = 10  # and CAP allows the host's peers such a part of it


class Fault(NamedTuple):
    """`place` of the peer in PeerInfo.cfg; `at`: seconds after the start; `lasts`: seconds until it passes."""

    kind: str
    place: int
    at: float = 0.0
    lasts: float = 0.0

    @property
    def until(self) -> float:
        return self.at + self.lasts


# What is done to a peer, to its host, or to its zone.
START, END, FREEZE, THAW, PART, JOIN, BRAKE, RELEASE, SPOIL, END_COPIED, LIMIT, FREE, PART_ZONE, JOIN_ZONE = (
    "start", "end", "freeze", "thaw", "part", "join", "brake", "release", "spoil", "end once copied", "limit", "free",
    "part the zone of", "join the zone of",
)  # fmt: skip


class Action(NamedTuple):
    """One thing to do, `at` seconds after the start."""

    at: float
    what: str
    place: int
    fault: Fault


_FIRST: Dict[str, Sequence[str]] = {
    KILL: (END,), CORRUPT: (END, SPOIL), STOP: (FREEZE,), CUT: (PART,), SLOW: (BRAKE,), LATE: (), CAP: (LIMIT,),
    DIE: (END_COPIED,), ORPHAN: (END,), LOST: (PART,), ROT: (), CLOSED: (), SPLIT: (PART_ZONE,),
}  # fmt: skip
_THEN: Dict[str, str] = {
    KILL: START, CORRUPT: START, STOP: THAW, CUT: JOIN, SLOW: RELEASE, LATE: START, CAP: FREE, SPLIT: JOIN_ZONE,
}  # fmt: skip


def actions(faults: Sequence[Fault]) -> List[Action]:
    """All that is to be done, in the order of time."""
    found = [Action(fault.at, what, fault.place, fault) for fault in faults for what in _FIRST[fault.kind]]
    found += [Action(fault.until, _THEN[fault.kind], fault.place, fault) for fault in faults if fault.kind in _THEN]
    return sorted(found, key=lambda action: action.at)

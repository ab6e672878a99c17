"""Rules about the choice of neighbours to serve: how many, who, when, and that no choice is hidden."""

from __future__ import annotations

import math
from typing import Callable, Dict, FrozenSet, Iterator, List, Optional

from tools.auditing.evidence import Evidence, Log
from tools.auditing.loglines import Line
from tools.auditing.piecerules import LAG, SLACK
from tools.auditing.rule import Finding, Seen, at, seen
from tools.auditing.selections import Selection, selections

JITTER = 2.0  # seconds that stamps without parts, and a busy machine, may take from an interval
MOST_LAG = 10  # seconds from a choice until the neighbour has read of it, behind the pieces on the way
MOST_SURE = 1  # pieces by which a rate may be misjudged
ONE_CHANGE = "no log has two of these lines"
NO_PREFERRED = "no log has a line of preferred neighbours"
NO_OPTIMISTIC = "no log has a line of an optimistically unchoked neighbour"


def _of(swarm: Evidence, kind: str) -> Iterator["tuple[Log, List[Selection]]"]:
    for log in swarm.logs.values():
        yield log, [one for one in selections(log) if one.line.kind == kind]


def _each(swarm: Evidence, kind: str, expected: Callable[[Evidence, Log, Selection], str], why: str) -> Seen:
    """Judge each choice of a kind by itself. `expected`: what belongs in its place; "" if it is right."""
    choices = [(log, one) for log, made in _of(swarm, kind) for one in made]
    words = [(one.line, expected(swarm, log, one)) for log, one in choices]
    return seen(len(choices), [at(line, text) for line, text in words if text], why)


def preferred_number(swarm: Evidence) -> Seen:
    """There are at most NumberOfPreferredNeighbors, each named once, and no fewer while others are interested."""
    return _each(swarm, "preferred", _right_number, NO_PREFERRED)


def _right_number(swarm: Evidence, log: Log, one: Selection) -> str:
    most = swarm.common.preferred
    if len(one.line.others) != len(one.chosen):
        return "each neighbour once"
    if len(one.chosen) > most:
        return f"at most {most}, as NumberOfPreferredNeighbors says"
    left_out = [peer for peer in one.interested if peer not in one.chosen and _stays(swarm, log, peer, one)]
    if len(one.chosen) == most or not left_out:
        return ""
    return f"{most} of those interested, so {', '.join(map(str, left_out))} too"


def _stays(swarm: Evidence, log: Log, peer: int, one: Selection) -> bool:
    """Whether a neighbour was interested for a while, and its log shows that it was still there."""
    since, now, other = one.interested[peer], one.line.seconds, swarm.logs.get(peer)
    if since is None or now is None or other is None or other.last is None or now - since < SLACK:
        return False
    if not _lacks_something(swarm, log, peer, one.line):
        return False
    apart = swarm.seconds_between(log, other)
    again = any(line.number > one.line.number for line in log.meetings(peer))
    return not again and apart is not None and other.last - apart > now + SLACK


def preferred_interested(swarm: Evidence) -> Seen:
    """Preferred neighbours are interested ones."""
    return _each(swarm, "preferred", _all_interested, NO_PREFERRED)


def _all_interested(swarm: Evidence, log: Log, one: Selection) -> str:
    wrong = [peer for peer in one.line.others if not _may_be_interested(swarm, log, peer, one)]
    return f"neighbours whose last word was 'interested': {wrong[0]}'s wasn't" if wrong else ""


def _may_be_interested(swarm: Evidence, log: Log, peer: int, one: Selection) -> bool:
    """Whether it said so, or owed it: a neighbour that lacks a piece and is silent may be counted as interested."""
    return peer in one.interested or peer in one.lately or not log.sound or _lacks_something(swarm, log, peer, one.line)


def _lacks_something(swarm: Evidence, log: Log, peer: int, line: Line) -> bool:
    """Whether the haves before a line leave out a piece that the log's own peer has."""
    told = {have.piece for have in log.kind("have") if have.other == peer and have.number < line.number}
    return peer not in swarm.seeds and not log.had_at(line.number) <= told


def preferred_interval(swarm: Evidence) -> Seen:
    """Preferred neighbours change no more often than every UnchokingInterval."""
    return _interval(swarm, "preferred", swarm.common.unchoking, NO_PREFERRED)


def optimistic_interval(swarm: Evidence) -> Seen:
    """The optimistic neighbour changes no more often than every OptimisticUnchokingInterval."""
    return _interval(swarm, "optimistic", swarm.common.optimistic, NO_OPTIMISTIC)


def _interval(swarm: Evidence, kind: str, interval: float, why: str) -> Seen:
    found: List[Finding] = []
    judged = 0
    for _, made in _of(swarm, kind):
        lines = [one.line for one in made if not one.same and one.line.seconds is not None]
        judged += max(0, len(lines) - 1)
        found += _too_early(lines, interval)
    return seen(judged, found, why if not any(made for _, made in _of(swarm, kind)) else ONE_CHANGE)


def _too_early(lines: List[Line], interval: float) -> Iterator[Finding]:
    """A late choice may be followed by one that is in time: many together keep the interval all the same."""
    latest = -math.inf
    for place, line in enumerate(lines):
        due = latest + place * interval
        if (line.seconds or 0) < due - JITTER:
            before = lines[place - 1]
            yield at(line, f"{interval:g} s or more after line {before.number} ({before.text[:19]})")
        latest = max(latest, (line.seconds or 0) - place * interval)


def preferred_change(swarm: Evidence) -> Seen:
    """A line of preferred neighbours tells a change: it isn't repeated."""
    return _change(swarm, "preferred", NO_PREFERRED)


def optimistic_change(swarm: Evidence) -> Seen:
    """A line of the optimistic neighbour tells a change: it isn't repeated."""
    return _change(swarm, "optimistic", NO_OPTIMISTIC)


def _change(swarm: Evidence, kind: str, why: str) -> Seen:
    found: List[Finding] = []
    judged = 0
    for _, made in _of(swarm, kind):
        judged += len(made)
        before: Optional[Line] = None
        for one in made:
            if one.same and before:
                found.append(at(one.line, f"no line: nothing has changed since line {before.number}"))
            before = one.line
    return seen(judged, found, why)


def preferred_rate(swarm: Evidence) -> Seen:
    """A peer that still downloads prefers the interested neighbours that gave it the most in the last interval."""
    found: List[Finding] = []
    judged = 0
    for log, made in _of(swarm, "preferred"):
        for one in made:
            if log.seed or one.line.seconds is None or len(log.had_at(one.line.number)) >= log.total:
                continue
            sure, possible = _given(log, one.line, swarm.common.unchoking)
            judged += any(sure.values())
            worse = _passed_over(one, sure, possible)
            if worse:
                better, chosen = worse
                rates = (
                    f"{sure[better]} pieces or more in the last interval, {chosen} at most {possible.get(chosen, 0)}"
                )
                found.append(at(one.line, f"{better} in place of {chosen}: it gave {rates}"))
    return seen(judged, found, "no line tells a choice by rate with stamps fine enough")


def _given(log: Log, choice: Line, interval: float) -> "tuple[Dict[int, int], Dict[int, int]]":
    """Pieces from each neighbour that certainly, and that possibly, came in the interval before a choice."""
    now = choice.seconds or 0
    sure: Dict[int, int] = {}
    possible: Dict[int, int] = {}
    for line in log.kind("piece"):
        if line.number > choice.number or line.seconds is None or line.other is None:
            continue
        if line.seconds >= now + 1 - interval:
            sure[line.other] = sure.get(line.other, 0) + 1
        if line.seconds >= now - 1 - interval:
            possible[line.other] = possible.get(line.other, 0) + 1
    return sure, possible


def _passed_over(one: Selection, sure: Dict[int, int], possible: Dict[int, int]) -> "Optional[tuple[int, int]]":
    """Who gave more than one of the chosen and was interested, and that one."""
    now = one.line.seconds or 0
    waiting = [peer for peer, since in one.interested.items()
               if peer not in one.chosen and since is not None and now - since >= SLACK]  # fmt: skip
    if not waiting or not one.chosen:
        return None
    better = max(waiting, key=lambda peer: sure.get(peer, 0))
    least = min(one.chosen, key=lambda peer: possible.get(peer, 0))
    return (better, least) if sure.get(better, 0) > possible.get(least, 0) + MOST_SURE else None


def optimistic_choice(swarm: Evidence) -> Seen:
    """The optimistic neighbour is interested, and choked before: not a preferred one."""
    return _each(swarm, "optimistic", _interested_and_choked, NO_OPTIMISTIC)


def _interested_and_choked(swarm: Evidence, log: Log, one: Selection) -> str:
    peer = one.line.other or 0
    if not _may_be_interested(swarm, log, peer, one):
        return f"a neighbour whose last word was 'interested': {peer}'s wasn't"
    if one.current and peer in one.current and one.previous and one.previous.seconds != one.line.seconds:
        return f"a choked neighbour: line {one.previous.number} prefers {peer}"
    return ""


def unchokes(swarm: Evidence) -> Seen:
    """Who is chosen is unchoked, and nobody else: the neighbours' logs agree with the choices."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        made = selections(log)
        if any(len(one.chosen) > swarm.common.preferred for one in made if one.line.kind == "preferred"):
            continue  # told already: what such a line means for the neighbours is unknown
        for other in swarm.others(log.me):
            judged += 1
            found += list(_too_many(swarm, log, other, made)) or list(_too_few(swarm, log, other, made))
    return seen(judged, found, "no two logs of neighbours are there")


def _too_many(swarm: Evidence, log: Log, other: Log, made: List[Selection]) -> Iterator[Finding]:
    """Each unchoke, repeated ones left out, needs a line of its own shortly before, in which the peer was chosen."""
    apart = swarm.seconds_between(log, other)
    if apart is None or log.last is None:
        return
    named = [one.line for one in made if other.me in one.chosen and not _stays_chosen(one, other.me)]
    choked = True
    for line in other.kind("unchoked", "choked"):
        if line.other != log.me or (line.seconds or 0) > log.last + apart + 1:
            continue
        if line.kind == "unchoked" and choked:
            when = None if line.seconds is None else line.seconds - apart
            named = [one for one in named if not _long_before(one, when)]
            if not named or (when is not None and (named[0].seconds or 0) > when + SLACK):
                yield at(line, f"in {log.file}, before it: a line that chooses {other.me}, preferred or optimistic")
                return
            named.pop(0)
        choked = line.kind == "choked"


def _long_before(line: Line, when: Optional[int]) -> bool:
    return line.seconds is not None and when is not None and line.seconds < when - MOST_LAG


def _stays_chosen(one: Selection, peer: int) -> bool:
    return one.line.kind == "preferred" and one.current is not None and peer in one.current


def _too_few(swarm: Evidence, log: Log, other: Log, made: List[Selection]) -> Iterator[Finding]:
    """Each time that a peer certainly comes to be chosen, it must hear of it, as long as its log goes on."""
    heard = sum(1 for line in other.kind("unchoked") if line.other == log.me)
    apart = swarm.seconds_between(log, other)
    if apart is None or other.last is None:
        return
    for line in _joins(made, other.me):
        heard -= 1
        if heard < 0 and line.seconds is not None and line.seconds + apart <= other.last - LAG:
            yield at(line, f"in {other.file}: Peer {other.me} is unchoked by {log.me}.")
            return


def _joins(made: List[Selection], peer: int) -> Iterator[Line]:
    """The lines with which a peer comes to be chosen. Lines of one moment are one choice, whatever their order."""
    preferred: FrozenSet[int] = frozenset()
    favourite: FrozenSet[int] = frozenset()
    was = False
    for place, one in enumerate(made):
        if one.line.kind == "preferred":
            preferred = one.chosen
        else:
            favourite = one.chosen
        after = made[place + 1].line if place + 1 < len(made) else None
        if after and (after.number == one.line.number + 1 or after.seconds == one.line.seconds):
            continue
        now = peer in preferred | favourite
        if now and not was:
            yield one.line
        was = now

"""Rules about single lines: that logs are there, their texts, their times, and whom they name."""

from __future__ import annotations

from typing import Iterator, List, Optional

from peer.core import folder
from tools.auditing.evidence import Evidence
from tools.auditing.loglines import UNKNOWN, Line
from tools.auditing.rule import Finding, Seen, at, seen
from tools.auditing.stamps import EXPECTED

NO_LOG = "there is no log"
_KINDS = "one of the eleven texts of the assignment"


def configuration(swarm: Evidence) -> Seen:
    """Common.cfg and PeerInfo.cfg can be read, and are the same wherever they lie."""
    return seen(1, [Finding(*_located(trouble)) for trouble in swarm.troubles], "")


def _located(trouble: str) -> "tuple[str, int, str, str]":
    """`file:line: problem; remedy`, as configuration errors are written, in parts."""
    where, _, words = trouble.partition(": ")
    file, _, number = where.rpartition(":")
    problem, _, remedy = words.partition("; ")
    return (file, int(number), problem, remedy) if number.isdigit() and file else (where, 0, problem, remedy)


def logs(swarm: Evidence) -> Seen:
    """Every peer has written its log."""
    missing = [peer for peer in swarm.ids if peer not in swarm.logs]
    empty = [log for log in swarm.logs.values() if not log.lines and len(swarm.rows) > 1]
    found = [Finding(folder.log(peer), 0, "there is no such file", f"the log of peer {peer}") for peer in missing]
    found += [Finding(log.file, 0, "it holds no line", "at least the lines of its connections") for log in empty]
    return seen(len(swarm.rows), found, "")


def texts(swarm: Evidence) -> Seen:
    """Each line is exactly one of the texts."""
    lines = [line for log in swarm.logs.values() for line in log.lines]
    return seen(len(lines), filter(None, map(_text_finding, lines)), NO_LOG)


def _text_finding(line: Line) -> Optional[Finding]:
    if line.kind == UNKNOWN:
        return at(line, _KINDS)
    if line.text_fault:
        return at(line, line.expected, f"{line.text_fault}: {line.shown}")
    return None


def stamps(swarm: Evidence) -> Seen:
    """Each line begins with the time in the form of the assignment."""
    lines = [line for log in swarm.logs.values() for line in log.lines if line.kind != UNKNOWN]
    found = [at(line, f"the line begins '{EXPECTED}'", f"{line.stamp_fault}: {line.shown}") for line in lines]
    return seen(len(lines), [one for one, line in zip(found, lines) if line.stamp_fault], NO_LOG)


def clock(swarm: Evidence) -> Seen:
    """Times never go back within a log."""
    timed = [[line for line in lines if line.seconds is not None] for lines in swarm.raw.values()]
    found = [finding for lines in timed for finding in _goes_back(lines)]
    return seen(sum(map(len, timed)), found, "no line has a time that can be read")


def _goes_back(lines: List[Line]) -> Iterator[Finding]:
    latest: Optional[Line] = None
    for line in lines:
        if latest is not None and (line.seconds or 0) < (latest.seconds or 0):
            yield at(line, f"a time that is not before that of line {latest.number}: {latest.text[:19]}")
        else:
            latest = line


def names(swarm: Evidence) -> Seen:
    """Each line begins with the log's own peer, and its neighbours are other peers of PeerInfo.cfg."""
    found = [
        finding
        for log in swarm.logs.values()
        for line in log.lines
        if line.kind != UNKNOWN
        for finding in _names_in(swarm, log.me, line)
    ]
    return seen(sum(len(log.lines) for log in swarm.logs.values()), found, NO_LOG)


def _names_in(swarm: Evidence, me: int, line: Line) -> Iterator[Finding]:
    if line.me != me:
        yield at(line, f"Peer {me}, whose log this is")
        return
    others = line.others if line.other is None else (line.other,)
    for other in others:
        if other == me:
            yield at(line, f"a neighbour: peer {me} is the one that writes")
            return
        if other not in swarm.ids:
            yield at(line, f"a peer of PeerInfo.cfg, which has no {other}")
            return

"""Rules about connections: who dials whom, and that both ends have logged each."""

from __future__ import annotations

from typing import Iterator, List, Optional, Set

from tools.auditing.evidence import CONNECTIONS, Evidence, Log
from tools.auditing.linerules import NO_LOG
from tools.auditing.rule import Finding, Seen, at, at_end, seen


def dials(swarm: Evidence) -> Seen:
    """A peer dials every peer listed before it in PeerInfo.cfg, and no other."""
    found = [finding for log in swarm.logs.values() for finding in _wrong_way(swarm, log, "dialled")]
    due = 0
    for log in swarm.logs.values():
        for other in swarm.earlier(log.me):
            due += 1
            if not log.meetings(other) and other in swarm.logs:
                text = f"Peer {log.me} makes a connection to Peer {other}."
                found.append(at_end(log, f"no connection to {other}, which is listed before {log.me}", text))
            elif log.meetings(other) and not _dialled(log, other):
                why = f"the line of dialling {other}, which is listed before {log.me}"
                found.append(at(log.meetings(other)[0], why))
    return seen(due, found, NO_LOG if not swarm.logs else "there is one peer")


def _dialled(log: Log, other: int) -> bool:
    return any(line.kind == "dialled" for line in log.meetings(other))


def accepts(swarm: Evidence) -> Seen:
    """A peer is connected from peers listed after it only."""
    found = [finding for log in swarm.logs.values() for finding in _wrong_way(swarm, log, "accepted")]
    lines = sum(len(log.kind("accepted")) for log in swarm.logs.values())
    return seen(lines, found, "no log has a line of an accepted connection")


def _wrong_way(swarm: Evidence, log: Log, kind: str) -> Iterator[Finding]:
    """The first connection with a neighbour has its direction; after a loss, either end may dial again."""
    before = swarm.earlier(log.me)
    known: Set[Optional[int]] = set()
    for line in log.kind(*CONNECTIONS):
        wrong = (line.other in before) != (kind == "dialled")
        if line.kind == kind and wrong and line.other in swarm.ids and line.other not in known | {log.me}:
            right = f"{log.me} dials {line.other}" if kind == "accepted" else f"{line.other} dials {log.me}"
            place = "before" if kind == "accepted" else "after"
            yield at(line, f"{right}: {line.other} is listed {place} {log.me}")
        known.add(line.other)


def both_ends(swarm: Evidence) -> Seen:
    """Each connection is in both logs: as dialled in one, as accepted in the other."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        for other in swarm.others(log.me):
            dialled = [line for line in log.meetings(other.me) if line.kind == "dialled"]
            accepted = [line for line in other.meetings(log.me) if line.kind == "accepted"]
            judged += bool(dialled)
            if min(len(dialled), len(accepted)) > 1:
                continue  # one end was started again, and a connection that it never noted may have ended with it
            if dialled and len(accepted) < len(dialled):
                text = f"Peer {other.me} is connected from Peer {log.me}."
                found.append(at(dialled[len(accepted)], f"in {other.file}: {text}"))
            elif dialled and len(dialled) < len(accepted):
                text = f"Peer {log.me} makes a connection to Peer {other.me}."
                found.append(at(accepted[len(dialled)], f"in {log.file}: {text}"))
    return seen(judged, found, "no two logs tell of the same connection")


def connected_first(swarm: Evidence) -> Seen:
    """Nothing comes from a neighbour before the connection with it."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        begun = {line.other: line for line in reversed(log.kind(*CONNECTIONS))}
        for line in log.lines:
            others = line.others if line.other is None else (line.other,)
            late = [begun[other] for other in others if other in begun and begun[other].number > line.number]
            judged += bool(others)
            if late:
                found.append(at(line, f"the connection with {late[0].other} first, which is on line {late[0].number}"))
    return seen(judged, found, "no log tells of a neighbour")

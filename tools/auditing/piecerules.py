"""Rules about pieces: each once, counted up by one, from a neighbour that serves and has it, told to everybody."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Set

from tools.auditing.evidence import CONNECTIONS, Evidence, Log
from tools.auditing.loglines import Line
from tools.auditing.rule import Finding, Seen, at, at_end, seen

NO_PIECE = "no log has a line of a downloaded piece"
SLACK = 2  # seconds that clocks and threads may differ by
LAG = 5  # seconds that a message may wait for the pieces before it


def _each(swarm: Evidence, kind: str) -> List[Line]:
    return [line for log in swarm.logs.values() for line in log.kind(kind)]


def once(swarm: Evidence) -> Seen:
    """Each piece is downloaded once, and none by a peer that started with the file."""
    found: List[Finding] = []
    for log in swarm.logs.values():
        for line in log.kind("piece"):
            first = log.got.get(line.piece if line.piece is not None else -1)
            if log.seed:
                found.append(at(line, f"no download: PeerInfo.cfg says that {log.me} has the file"))
            elif line.piece is None or not line.piece < log.total:
                found.append(at(line, f"a piece from 0 to {log.total - 1}"))
            elif first and first.number < line.number:
                found.append(at(line, f"another piece: {line.piece} is on line {first.number} already"))
    return seen(len(_each(swarm, "piece")), found, NO_PIECE)


def counted(swarm: Evidence) -> Seen:
    """The number of pieces goes up by one with each piece."""
    found = [finding for log in swarm.logs.values() for finding in _miscounted(log)]
    return seen(len(_each(swarm, "piece")), found, NO_PIECE)


def _miscounted(log: Log) -> Iterator[Finding]:
    """A peer that was given a part of the file begins with that. A line that repeats a piece counts nothing."""
    before = None
    for line in log.kind("piece"):
        expected = None if before is None else before + 1
        if line.piece is not None and log.got[line.piece].number < line.number and line.owned != expected:
            continue
        before = line.owned if line.owned is not None else expected
        if line.owned is None:
            continue  # its text is told already
        if expected is not None and line.owned != expected:
            yield at(line, f"the number {expected}: line by line one more")
        elif not 1 <= line.owned <= log.total:
            yield at(line, f"a number from 1 to {log.total}")


def complete(swarm: Evidence) -> Seen:
    """A peer that had to download says once that it has the complete file: after its last piece."""
    found = [finding for log in swarm.logs.values() for finding in _completed(log)]
    judged = sum(1 for log in swarm.logs.values() if not log.seed or log.kind("complete"))
    return seen(judged, found, "no peer with a log had to download")


def _completed(log: Log) -> Iterator[Finding]:
    text = f"Peer {log.me} has downloaded the complete file."
    lines = log.kind("complete")
    if log.seed:
        yield from (at(line, f"no such line: {log.me} started with the file") for line in lines)
        return
    yield from (at(line, f"this line once: it is line {lines[0].number} already") for line in lines[1:])
    last = log.last_piece
    if not lines and log.total:
        held = f"{len(log.got)} of {log.total} pieces"
        yield at_end(log, f"no line of the complete file; {held} are in the log", text)
    elif lines and last and lines[0].number < last.number:
        yield at(lines[0], f"this line after the last piece, which is line {last.number}")
    elif lines and last and last.owned is not None and not log.whole and last.owned < log.total:
        yield at(lines[0], f"all {log.total} pieces first; line {last.number} counts {last.owned}")


def served(swarm: Evidence) -> Seen:
    """A piece comes from a neighbour that has unchoked the peer; after a choke, one open request may be answered."""
    found = [finding for log in swarm.logs.values() for finding in _unserved(log)]
    return seen(len(_each(swarm, "piece")), found, NO_PIECE)


def _unserved(log: Log) -> Iterator[Finding]:
    may: Dict[int, int] = {}  # neighbour -> pieces that it may still send: many, or the open one
    for line in log.kind("unchoked", "choked", "piece", *CONNECTIONS):
        other = line.other if line.other is not None else -1
        if line.kind == "unchoked":
            may[other] = log.total + 1
        elif line.kind == "choked":
            may[other] = min(1, may.get(other, 0))
        elif line.kind in CONNECTIONS:
            may[other] = 0
        elif not may.get(other):
            yield at(line, f"before it: Peer {log.me} is unchoked by {other}.")
        else:
            may[other] -= may[other] <= 1


def announced(swarm: Evidence) -> Seen:
    """A piece comes from a neighbour that has it, and has said so."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        told = {(line.other, line.piece): line for line in reversed(log.kind("have"))}
        for line in log.kind("piece"):
            sender = swarm.logs.get(line.other if line.other is not None else -1)
            if sender is None or sender.seed or not sender.sound or sender.me == log.me or line.piece is None:
                continue
            judged += 1
            have = told.get((line.other, line.piece))
            if line.piece not in sender.got:
                found.append(at(line, f"a neighbour that has piece {line.piece}: {sender.file} has no line of it"))
            elif have and have.number > line.number and not _had_when_met(sender, log.me, line.piece):
                found.append(at(line, f"the 'have' first, which is on line {have.number}"))
    return seen(judged, found, "no piece came from a peer whose log is complete, other than those that began with it")


def _had_when_met(sender: Log, other: int, piece: int) -> bool:
    """Whether a bitfield, which is not logged, may have told of the piece."""
    meetings = sender.meetings(other)
    return not meetings or sender.got[piece].number < meetings[-1].number


def haves(swarm: Evidence) -> Seen:
    """Every downloaded piece is told to every neighbour with one 'have', and nothing else is."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        for peer in (one for one in swarm.ids if one != log.me):
            lines = [line for line in log.kind("have") if line.other == peer]
            judged += len(lines)
            wrong = list(_false_haves(log, peer, swarm.logs.get(peer), lines))
            if not wrong and peer in swarm.logs:
                wrong = list(_missing_haves(swarm, log, swarm.logs[peer], {line.piece for line in lines}))
            found += wrong
    return seen(judged, found, "no log has a line of a 'have' message")


def _false_haves(log: Log, peer: int, other: Optional[Log], lines: List[Line]) -> Iterator[Finding]:
    most = max(1, len(log.meetings(peer)))  # a new connection may tell all again
    times: Dict[int, int] = {}
    for line in lines:
        piece = line.piece if line.piece is not None else -1
        times[piece] = times.get(piece, 0) + 1
        if not 0 <= piece < log.total:
            yield at(line, f"a piece from 0 to {log.total - 1}")
        elif other and other.sound and not other.seed and piece not in other.got:
            yield at(line, f"no such message: {other.file} has no line of downloading piece {piece}")
        elif times[piece] > most:
            yield at(line, f"one 'have' from {peer} for the piece {piece}: this is number {times[piece]}")


def _missing_haves(swarm: Evidence, log: Log, other: Log, told: "Set[int | None]") -> Iterator[Finding]:
    """Those of pieces that came while both were connected, as far as the listener's log certainly goes.

    Messages keep their order: what came before a piece that was told must have been told.
    """
    meetings = other.meetings(log.me)
    if not other.sound or not meetings or not log.meetings(other.me):
        return
    due = [line for line in other.got.values() if line.number > meetings[-1].number]
    last = max((line.number for line in due if line.piece in told), default=0)
    ends = _ends(swarm, log, other)
    for line in due:
        if line.piece not in told and (line.number < last or (line.seconds or 0) < ends):
            text = f"Peer {log.me} received the 'have' message from {other.me} for the piece {line.piece}."
            yield at(line, f"in {log.file}: {text}")


def _ends(swarm: Evidence, log: Log, other: Log) -> float:
    """The time, by the other's clock, until which a log shows all that was sent; long ago, if that is unknown."""
    apart = swarm.seconds_between(log, other)
    return float("-inf") if log.last is None or apart is None else log.last + apart - LAG

"""Rules about the end: nobody leaves while others need it, and all files are equal."""

from __future__ import annotations

from typing import List

from tools.auditing.evidence import Evidence, Log
from tools.auditing.piecerules import SLACK
from tools.auditing.rule import Finding, Seen, at_end, seen


def termination(swarm: Evidence) -> Seen:
    """A peer stays until every peer has the complete file."""
    found: List[Finding] = []
    judged = 0
    for log in swarm.logs.values():
        for other in swarm.others(log.me):
            last, apart = other.last_piece, swarm.seconds_between(other, log)
            if last is None or last.seconds is None or apart is None or log.last is None:
                continue
            judged += 1
            if log.last + SLACK < last.seconds + apart:
                early = last.seconds + apart - log.last
                found.append(_left(log, other, early))
                break
    return seen(judged, found, "no peer with a log of connections had to wait for another's download")


def _left(log: Log, other: Log, early: int) -> Finding:
    last = other.last_piece
    place = f"{last.file}:{last.number}" if last else other.file
    return at_end(log, f"the log ends {early} s before {other.me} has its last piece", f"lines until {place}")


def files(swarm: Evidence) -> Seen:
    """Every peer ends with the same file, of FileSize bytes."""
    found: List[Finding] = []
    there = {peer: fact for peer, fact in swarm.files.items() if fact is not None}
    row_first = [row.peer_id for row in swarm.rows if row.has_file and row.peer_id in there]
    model = there[row_first[0]] if row_first else next(iter(there.values()), None)
    for peer, fact in swarm.files.items():
        if fact is None:
            where = f"peer_{peer}/{swarm.common.file_name}"
            found.append(Finding(where, 0, "there is no such file", f"{swarm.common.file_size} bytes"))
        elif fact.size != swarm.common.file_size:
            found.append(Finding(fact.path, 0, f"{fact.size} bytes", f"{swarm.common.file_size}, as FileSize says"))
        elif model and fact.digest != model.digest:
            same = f"the bytes of {model.path}, {model.digest[:16]}..."
            found.append(Finding(fact.path, 0, f"SHA-256 {fact.digest[:16]}...", same))
    return seen(len(there), found, "no peer's folder is here: audit where the peers ran, or copy their folders here")

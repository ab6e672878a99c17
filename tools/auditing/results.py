"""What an audit says, as rows, lines and JSON objects: the same words on the terminal and in the report."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from peer.core.counting import count_of
from tools.auditing.evidence import Evidence
from tools.auditing.grading import Mark
from tools.auditing.rule import BROKEN, KEPT, UNSEEN, Finding, Result

HEADINGS = ("rule", "", "seen", "what it asks for")
PEER_HEADINGS = ("peer", "began with", "pieces", "complete", "lines", "log")
FEW = 3  # findings of a rule that are shown, unless all are asked for


def rows(results: Sequence[Result]) -> List[Tuple[str, ...]]:
    """A row for each rule, under HEADINGS."""
    return [(one.rule.name, one.state, str(one.judged or "-"), _text(one)) for one in results]


def _text(one: Result) -> str:
    return f"{one.rule.text} ({one.why})" if one.state == UNSEEN else one.rule.text


def peer_rows(swarm: Evidence) -> List[Tuple[str, ...]]:
    """A row for each peer, under PEER_HEADINGS."""
    return [_peer_row(swarm, row.peer_id, row.has_file) for row in swarm.rows]


def _peer_row(swarm: Evidence, peer: int, seed: bool) -> Tuple[str, ...]:
    log = swarm.logs.get(peer)
    began = "the file" if seed else "nothing"
    if log is None:
        return str(peer), began, "-", "-", "-", "no log"
    done = log.kind("complete")
    when = f"line {done[0].number}, {done[0].text[:19]}" if done else "from the start" if seed else "no"
    pieces = swarm.total if seed else len(log.got)
    return str(peer), began, f"{pieces} of {swarm.total}", when, str(len(log.lines)), log.file


def shown(one: Result, most: Optional[int] = FEW) -> Tuple[List[Finding], int]:
    """The findings of a rule to show, and how many are left out. `most`: None for all, else unlike ones first."""
    if most is None or len(one.findings) <= most:
        return list(one.findings), 0
    unlike: Dict[str, Finding] = {}
    for finding in one.findings:
        unlike.setdefault(_sort(finding), finding)
    firsts = list(unlike.values())[:most]
    others = [finding for finding in one.findings if finding not in firsts]
    return firsts + others[: most - len(firsts)], len(one.findings) - most


def _sort(finding: Finding) -> str:
    """What findings of the same cause have in common: the words that explain them, without numbers."""
    reason = finding.found.partition(": ")[0]
    return re.sub(r"\d+", "", reason + finding.expected)


def finding_lines(results: Sequence[Result], most: Optional[int] = FEW) -> Iterator[str]:
    """The findings of all broken rules as text."""
    for one in results:
        if one.state != BROKEN:
            continue
        yield f"{one.rule.name}: {one.rule.text}"
        found, rest = shown(one, most)
        for finding in found:
            yield f"  {finding.where}"
            yield f"    is        {finding.found}"
            yield f"    expected  {finding.expected}"
        if rest:
            yield f"  and {rest} more (--every shows all)"


def summary(results: Sequence[Result]) -> str:
    """The audit in one line."""
    times = Counter(one.state for one in results)
    found = sum(len(one.findings) for one in results)
    breaches = f", {count_of(found, 'finding')}" if found else ""
    return f"{count_of(times[KEPT], 'rule')} kept, {times[BROKEN]} broken, {times[UNSEEN]} not to be seen{breaches}"


def objects(results: Sequence[Result], mark: Optional[Mark]) -> Iterator[Dict[str, Any]]:
    """The JSON objects: one for each rule, and the summary at the end."""
    for one in results:
        yield {
            "event": "rule",
            "rule": one.rule.name,
            "text": one.rule.text,
            "state": one.state,
            "seen": one.judged,
            "why": one.why,
            "findings": [finding._asdict() for finding in one.findings],
        }
    times = Counter(one.state for one in results)
    yield {
        "event": "summary",
        "ok": not times[BROKEN],
        "kept": times[KEPT],
        "broken": times[BROKEN],
        "unseen": times[UNSEEN],
        "mark": {"points": mark.points, "most": mark.most, "left_out": list(mark.left_out)} if mark else None,
    }

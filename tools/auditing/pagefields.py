"""The audit as plain values, of which its page is made."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

from peer.core.counting import count_of
from tools.auditing import results as words
from tools.auditing.evidence import Evidence
from tools.auditing.grading import Mark
from tools.auditing.rule import Result

MOST_FINDINGS = 50  # of a rule: a page is for people


def page_fields(title: str, swarm: Evidence, results: Sequence[Result], mark: Optional[Mark]) -> Dict[str, Any]:
    """All that the page shows."""
    common = swarm.common
    facts = (
        f"{count_of(len(swarm.rows), 'peer')}; {common.file_name}, {common.file_size:,} bytes in"
        f" {count_of(swarm.total, 'piece')}; {count_of(common.preferred, 'preferred neighbour')} every"
        f" {common.unchoking:g} s, an optimistic one every {common.optimistic:g} s"
    )
    return {
        "title": title,
        "facts": facts,
        "sentence": words.summary(results),
        "mark": {"points": f"{mark.points:g}", "most": f"{mark.most:g}", "words": mark.words} if mark else None,
        "rules": [_rule(one) for one in results],
        "headings": words.PEER_HEADINGS,
        "peers": words.peer_rows(swarm),
    }


def _rule(one: Result) -> Dict[str, Any]:
    found, rest = words.shown(one, MOST_FINDINGS)
    name, state, _, text = words.rows([one])[0]
    return {
        "name": name,
        "state": state,
        "seen": one.judged,
        "text": text,
        "found": len(found) + rest,
        "findings": [[finding.where, finding.found, finding.expected] for finding in found],
    }

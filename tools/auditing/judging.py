"""All rules of the assignment, in the order of the report, and what each says of a swarm."""

from __future__ import annotations

from typing import Callable, List, Set, Tuple

from tools.auditing import chokingrules, endrules, linerules, meetingrules, piecerules
from tools.auditing.evidence import Evidence
from tools.auditing.interestrules import interest
from tools.auditing.randomrule import random_pieces
from tools.auditing.rule import BROKEN, KEPT, UNSEEN, Finding, Result, Rule, Seen


def _rule(name: str, check: Callable[[Evidence], Seen]) -> Rule:
    """A rule's text is the first line of its function."""
    return Rule(name, (check.__doc__ or "").partition("\n")[0], check)


# The order counts: a line that breaks a rule is not told again for what follows from it.
RULES: Tuple[Rule, ...] = (
    _rule("configuration", linerules.configuration),
    _rule("logs", linerules.logs),
    _rule("texts", linerules.texts),
    _rule("stamps", linerules.stamps),
    _rule("clock", linerules.clock),
    _rule("names", linerules.names),
    _rule("dials", meetingrules.dials),
    _rule("accepts", meetingrules.accepts),
    _rule("both ends", meetingrules.both_ends),
    _rule("connected first", meetingrules.connected_first),
    _rule("once", piecerules.once),
    _rule("counted", piecerules.counted),
    _rule("complete", piecerules.complete),
    _rule("served", piecerules.served),
    _rule("announced", piecerules.announced),
    _rule("haves", piecerules.haves),
    _rule("interest", interest),
    _rule("preferred change", chokingrules.preferred_change),
    _rule("preferred interval", chokingrules.preferred_interval),
    _rule("preferred number", chokingrules.preferred_number),
    _rule("preferred interested", chokingrules.preferred_interested),
    _rule("preferred rate", chokingrules.preferred_rate),
    _rule("optimistic change", chokingrules.optimistic_change),
    _rule("optimistic interval", chokingrules.optimistic_interval),
    _rule("optimistic choice", chokingrules.optimistic_choice),
    _rule("unchokes", chokingrules.unchokes),
    _rule("random", random_pieces),
    _rule("termination", endrules.termination),
    _rule("files", endrules.files),
)
FORM = ("texts", "stamps")  # rules about how a line is written, not about what it tells


def judge(swarm: Evidence) -> List[Result]:
    """Every rule's verdict."""
    told: Set[Tuple[str, int]] = set()
    results = []
    for rule in RULES:
        result = _result(rule, rule.check(swarm), told)
        results.append(result)
        if rule.name not in FORM:
            told |= {(finding.file, finding.line) for finding in result.findings if finding.line}
    return results


def _result(rule: Rule, what: Seen, told: Set[Tuple[str, int]]) -> Result:
    new = [one for one in dict.fromkeys(what.findings) if (one.file, one.line) not in told]
    found: Tuple[Finding, ...] = tuple(sorted(new, key=lambda one: (one.file, one.line)))
    state = BROKEN if found else KEPT if what.judged else UNSEEN
    return Result(rule, state, what.judged, found, what.why)

"""What a rule of the audit is, and what it says: kept, broken or not to be seen, with a finding for each breach."""

from __future__ import annotations

from typing import Callable, Iterable, List, NamedTuple, Tuple

from tools.auditing.evidence import Evidence, Log
from tools.auditing.loglines import Line

KEPT, BROKEN, UNSEEN = "kept", "broken", "not to be seen"


class Finding(NamedTuple):
    """One breach: where, what is there, and what was expected. `line` is 0 where it is about a whole file."""

    file: str
    line: int
    found: str
    expected: str

    @property
    def where(self) -> str:
        """As `file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Seen(NamedTuple):
    """What one rule saw. `judged`: how many things it could look at; `why`: the reason if that is 0."""

    judged: int
    findings: Tuple[Finding, ...] = ()
    why: str = ""


class Rule(NamedTuple):
    """One rule: its short name, its text, and the function that looks for breaches."""

    name: str
    text: str
    check: Callable[[Evidence], Seen]


class Result(NamedTuple):
    """A rule's verdict."""

    rule: Rule
    state: str
    judged: int
    findings: Tuple[Finding, ...]
    why: str


def at(line: Line, expected: str, found: str = "") -> Finding:
    """A finding about a line; `found` is the line itself, if nothing else is said."""
    return Finding(line.file, line.number, found or line.shown, expected)


def at_end(log: Log, found: str, expected: str) -> Finding:
    """A finding about something that a log lacks: at its last line."""
    return Finding(log.file, log.lines[-1].number if log.lines else 0, found, expected)


def seen(judged: int, findings: Iterable[Finding], why: str) -> Seen:
    """What a rule saw; `why` it saw nothing counts only if `judged` is 0."""
    listed: List[Finding] = list(findings)
    return Seen(max(judged, len(listed)), tuple(listed), why if not judged and not listed else "")

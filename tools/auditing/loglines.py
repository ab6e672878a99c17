"""Reads a log's lines, whoever wrote them: what each tells, and how its text differs from the assignment's."""

from __future__ import annotations

import re
from typing import Iterable, List, NamedTuple, Optional, Tuple

from peer.core import eventlog
from peer.core.eventlog import Entry
from tools.auditing.stamps import Stamp, parse_stamp

MOST_SHOWN = 120  # characters of a line in a finding
DAY = 86_400  # seconds; times without a date are below it, and can't be compared with others
UNKNOWN = ""  # the kind of a line that tells nothing the assignment knows


class Line(NamedTuple):
    """One line of a log. `kind`: one of `eventlog.KINDS`, or UNKNOWN; fields that it doesn't have are None.

    `seconds`: its time since 1970, None if it can't be read. `stamp_fault`, `text_fault`: "" where they are exact.
    """

    file: str
    number: int
    text: str
    kind: str = UNKNOWN
    me: Optional[int] = None
    other: Optional[int] = None
    piece: Optional[int] = None
    owned: Optional[int] = None
    others: Tuple[int, ...] = ()
    seconds: Optional[int] = None
    stamp_fault: str = ""
    text_fault: str = ""
    expected: str = ""  # the sentence as it should be

    @property
    def shown(self) -> str:
        """The line, shortened."""
        return self.text if len(self.text) <= MOST_SHOWN else self.text[: MOST_SHOWN - 3] + "..."


def parse_log(file: str, text: str, me: int) -> Tuple[Line, ...]:
    """All lines of a log that aren't blank. `me`: the peer whose log it is."""
    lines = tuple(_parsed(file, text.lstrip("\ufeff").splitlines(), me))
    if not any(line.seconds is not None and line.seconds >= DAY for line in lines):
        return lines
    return tuple(line._replace(seconds=None) if (line.seconds or DAY) < DAY else line for line in lines)


def _parsed(file: str, lines: Iterable[str], me: int) -> List[Line]:
    """Some loggers write the time on a line of its own, before the sentence: that is no line of the log then."""
    found: List[Line] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        line = parse_line(file, number, text, me)
        before = found[-1] if found else None
        if line.kind != UNKNOWN and line.seconds is None and before and before.kind == UNKNOWN:
            stamp = parse_stamp(before.text + " ")
            if stamp.seconds is not None:
                found.pop()
                line = line._replace(seconds=stamp.seconds, stamp_fault="the time on a line of its own")
        found.append(line)
    return found


def parse_line(file: str, number: int, line: str, me: int) -> Line:
    """One line. Its sentence begins where the word 'peer' first stands after a time, whatever its case."""
    exact = eventlog.parse_line(line)
    if exact:
        return _known(file, number, line, exact, parse_stamp(line[:21]), _difference(line[21:], exact))
    head, sentence = _split(line)
    entry = _recognised(sentence, me)
    if entry is None:
        return Line(file, number, line, stamp_fault=parse_stamp(head).fault)
    return _known(file, number, line, entry, parse_stamp(head), _difference(sentence, entry))


def _known(file: str, number: int, line: str, entry: Entry, stamp: Stamp, fault: str) -> Line:
    ids = tuple(int(word) for word in re.findall(r"\d{1,10}", entry.others, re.A))
    return Line(
        file,
        number,
        line,
        entry.kind,
        entry.me,
        entry.other,
        entry.piece,
        entry.owned,
        ids,
        stamp.seconds,
        stamp.fault,
        fault,
        _expected(entry, ids),
    )


def _expected(entry: Entry, ids: Tuple[int, ...]) -> str:
    return eventlog.format_entry(entry._replace(others=eventlog.format_others(ids)))


_SENTENCE = re.compile(r"\[?\bpeer\b", re.I)


def _split(line: str) -> Tuple[str, str]:
    match = _SENTENCE.search(line)
    return (line[: match.start()], line[match.start() :]) if match else ("", line)


# ---- what a sentence tells, however it is written

_QUOTES = str.maketrans("", "", "'\"`\u2018\u2019\u201c\u201d\u00b4[](){}<>")
_NOISE = re.compile(r"\b(?:peer[ _-]?id|id|index|number|no|list)\b[ :#=_]*(?=\d)")
_GAP = ".{0,40}?"  # bounded: a hostile line must not keep us busy
_ID = r"(?:peer[ _:#-]*)?(\d{1,10})"
# In this order: a sentence is of the first kind that it fits.
_FORMS: Tuple[Tuple[str, "re.Pattern[str]"], ...] = tuple(
    (kind, re.compile(rf"peer[ _:#-]*(?P<me>\d{{1,10}})?\b{_GAP}{form}", re.A))
    for kind, form in (
        ("piece", rf"download(?:ed|s)?\b{_GAP}piece[ _:#]*(?P<piece>\d{{1,10}}) from {_ID}(?P<rest>.*)"),
        ("complete", rf"download(?:ed|s)?\b{_GAP}(?:complete|entire|whole|full)"),
        ("dialled", rf"ma(?:kes|de|king)\b{_GAP}connection (?:to|with) {_ID}"),
        ("accepted", rf"connected (?:from|by) {_ID}"),
        ("optimistic", rf"optimistic\w*[ -]unchoked? ?neighbou?rs?\W*(?:is |as )?{_ID}"),
        ("preferred", r"preferred neighbou?rs?\b(?P<others>.*)"),
        ("unchoked", rf"\bun-?choked by {_ID}"),
        ("choked", rf"\bchoked by {_ID}"),
        ("have", rf"receiv\w*\b{_GAP}\bhave\b{_GAP} from {_ID}{_GAP}piece[ _:#]*(?P<piece>\d{{1,10}})"),
        ("not interested", rf"receiv\w*\b{_GAP}\b(?:not|un)[ _-]*interested\b{_GAP} from {_ID}"),
        ("interested", rf"receiv\w*\b{_GAP}\binterested\b{_GAP} from {_ID}"),
    )
)


def _recognised(sentence: str, me: int) -> Optional[Entry]:
    plain = " ".join(sentence[:2000].translate(_QUOTES).lower().split())
    plain = _NOISE.sub("", plain)
    for kind, form in _FORMS:
        match = form.match(plain)
        if match:
            return _entry(kind, match, me)
    return None


def _entry(kind: str, match: "re.Match[str]", me: int) -> Entry:
    named = match.groupdict()
    unnamed = [text for number, text in enumerate(match.groups(), 1) if number not in match.re.groupindex.values()]
    owned = re.findall(r"\d{1,10}", named.get("rest") or "", re.A)
    return Entry(
        kind,
        int(named["me"] or me),
        int(unnamed[0]) if unnamed else None,
        int(named["piece"]) if named.get("piece") else None,
        int(owned[-1]) if owned else None,
        eventlog.format_others([int(word) for word in re.findall(r"\d{1,10}", named.get("others") or "", re.A)]),
    )


# ---- how a sentence differs from what it should be

_DIFFERENCES = (
    ("blanks at the end", lambda text: text.rstrip()),
    ("no full stop at the end", lambda text: text.rstrip().rstrip(".") + "."),
    ("other quotation marks", lambda text: re.sub(r"[\"`\u2018\u2019\u201c\u201d\u00b4]", "'", text)),
    ("brackets around values", lambda text: re.sub(r"[\[\](){}<>]", "", text)),
    ("more or fewer blanks", lambda text: re.sub(r"\s+", " ", re.sub(r"\s*,\s*", ", ", text)).strip()),
    ("British spelling", lambda text: text.replace("neighbour", "neighbor")),
    ("capital letters where small ones belong, or the reverse", str.lower),
    ("no quotation marks", lambda text: text.replace("'", "")),
)


def _difference(sentence: str, entry: Entry) -> str:
    """The plainest words for what differs: those steps of `_DIFFERENCES` without which the texts stay different.

    The assignment leaves open whether a blank follows the commas of a list.
    """
    ids = tuple(int(word) for word in re.findall(r"\d{1,10}", entry.others, re.A))
    expected = _expected(entry, ids)
    if re.sub(r"(?<=\d), ?(?=\d)", ", ", sentence) == expected:
        return ""
    if entry.kind == "piece" and entry.owned is None:
        return "the number of pieces is missing"
    reached = _reach(sentence, expected, len(_DIFFERENCES))
    if not reached:
        return "another wording"
    needed = [place for place in reached if not _reach(sentence, expected, len(_DIFFERENCES), without=place)]
    return ", ".join(_DIFFERENCES[place][0] for place in needed) or _DIFFERENCES[reached[-1]][0]


def _reach(sentence: str, expected: str, steps: int, without: int = -1) -> List[int]:
    """The steps up to the one after which both texts are equal; none if they never are."""
    tried: List[int] = []
    for place in range(steps):
        if place == without:
            continue
        step = _DIFFERENCES[place][1]
        sentence, expected = step(sentence), step(expected)
        tried.append(place)
        if sentence == expected:
            return tried
    return []

"""Reads the time at the beginning of a log's line: the assignment's form, and those that others write instead."""

from __future__ import annotations

import calendar
import re
from typing import NamedTuple, Optional, Tuple

EXPECTED = "YYYY-MM-DD HH:MM:SS: "
_EXACT = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}): ", re.A)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?(?!\d)\s*([ap]\.?m\.?)?", re.A | re.I)
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", re.A)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)", re.A)
_MONTHS = {name: number for number, name in enumerate(calendar.month_abbr) if name}
_NAMED = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\.? +(\d{{1,2}})\b|\b(\d{{1,2}})[ -]({'|'.join(_MONTHS)})", re.I)
_ANY_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)", re.A)
_EPOCH = re.compile(r"(?<!\d)(1\d{9})(?:\.\d+|\d{3})?(?!\d)", re.A)

Date = Tuple[int, int, int]


class Stamp(NamedTuple):
    """`seconds` since 1970 as if the clock showed UTC; None if no time could be read. `fault`: "" if it is exact."""

    seconds: Optional[int]
    fault: str


def parse_stamp(text: str) -> Stamp:
    """What stands before the sentence of a line, with the blank at its end."""
    match = _EXACT.fullmatch(text)
    if match:
        year, month, day, *clock = map(int, match.groups())
        seconds = _seconds((year, month, day), (clock[0], clock[1], clock[2]))
        return Stamp(seconds, "" if seconds is not None else "no such date or time")
    if not text.strip(" :-[]"):
        return Stamp(None, "no time")
    return _foreign(text)


def _foreign(text: str) -> Stamp:
    epoch = _EPOCH.search(text)
    if epoch:
        return Stamp(int(epoch.group(1)), "seconds since 1970")
    clock = _CLOCK.search(text)
    if not clock:
        return Stamp(None, "no time that could be read")
    date = _date(text)
    seconds = _seconds(date or (1970, 1, 1), _hours(clock))
    if seconds is None:
        return Stamp(None, "no such date or time")
    return Stamp(seconds, _fault(text, date is not None))


def _fault(text: str, dated: bool) -> str:
    if not dated:
        return "a time without its date"
    if "[" in text:
        return "the time in brackets"
    if re.search(r":\d\d[.,]\d", text):
        return "a time with parts of seconds"
    if re.fullmatch(_EXACT.pattern[:-2] + r"\s*[:,-]?\s*", text):
        return "no ': ' after the time"
    return "another form of time"


def _hours(clock: "re.Match[str]") -> Tuple[int, int, int]:
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
    half = (clock.group(4) or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, minute, second


def _date(text: str) -> Optional[Date]:
    match = _YEAR_FIRST.search(text)
    if match:
        year, month, day = map(int, match.groups())
        return year, month, day
    match = _YEAR_LAST.search(text)
    if match:
        first, second, year = map(int, match.groups())
        return (year, second, first) if first > 12 else (year, first, second)
    named, year_alone = _NAMED.search(text), _ANY_YEAR.search(text)
    if named and year_alone:
        month_name = (named.group(1) or named.group(4)).title()
        return int(year_alone.group(1)), _MONTHS[month_name], int(named.group(2) or named.group(3))
    return None


def _seconds(date: Date, clock: Tuple[int, int, int]) -> Optional[int]:
    year, month, day = date
    hour, minute, second = clock
    if not (1 <= month <= 12 and year >= 1 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    if not (hour < 24 and minute < 60 and second < 61):
        return None
    return calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0))

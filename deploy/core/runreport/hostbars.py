"""What each peer did when, as bars, and what it waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from deploy.core.inventory import shown
from deploy.core.runreport.recorded import Recorded
from peer.core import status, trace

CHECKS, FETCHES, WAITS, SERVES = "checks", "fetches", "waits", "serves"
DISK, CPU = "its disk, to write", "a free CPU"
_MOST_OF = 0.5  # of the time between two notes: what it waited for longer is what it waited for
_WORDS = {status.CHECKING: CHECKS, status.DOWNLOADING: FETCHES, status.SEEDING: SERVES}
MOST_BARS = 200  # of a peer


class Bar(NamedTuple):
    """From `begin` to `end` (seconds) it did `what`; `reason`: what it waited for, "" for nothing."""

    begin: float
    end: float
    what: str
    reason: str


def bars_of(recorded: Recorded, peer: int) -> list[Bar]:
    """A peer's bars in the order of time; what lasts no time, and its end, is none.

    One that ends without a word was killed: its last bar ends with the last that it noted.
    """
    notes = recorded.notes(peer, trace.STATE, trace.END)
    last = recorded.end if recorded.live else recorded.last(peer)
    ends = [*(when for when, _ in notes[1:]), last]
    bars: list[Bar] = []
    for (begin, note), end in zip(notes, ends):
        word = _WORDS.get(note.values[0]) if note.kind == trace.STATE else None
        if word is None or end <= begin:
            continue
        reason = shown(note.values[1])
        bars.append(Bar(begin, end, WAITS if reason and word != SERVES else word, reason))
    held = list(_held_up(recorded, peer))
    return [part for bar in bars for part in (_parts(bar, held) if bar.what == FETCHES else [bar])][:MOST_BARS]


def _held_up(recorded: Recorded, peer: int) -> Iterator[Bar]:
    """When its own machine kept it waiting, in the order of time."""
    last, before = 0.0, (0, 0, 0)
    open_bar: Bar | None = None
    for when, note in recorded.notes(peer, trace.LOAD):
        _, queue, disk = (max(0, now - then) / 1000 for now, then in zip(note.values, before))
        begin = max(open_bar.end if open_bar else 0.0, min(last, when - max(queue, disk)))  # a wait is told at its end
        reason = DISK if disk >= _MOST_OF * (when - begin) else CPU if queue >= _MOST_OF * (when - begin) else ""
        if open_bar and (reason != open_bar.reason or begin > open_bar.end):
            yield open_bar
            open_bar = None
        if reason and when > begin:
            open_bar = Bar(open_bar.begin if open_bar else begin, when, WAITS, reason)
        last, before = when, note.values
    if open_bar:
        yield open_bar


def _parts(bar: Bar, held: list[Bar]) -> Iterator[Bar]:
    """A bar, with what lies in it in its place."""
    at = bar.begin
    for one in held:
        begin, end = max(at, one.begin), min(bar.end, one.end)
        if begin >= end:
            continue
        if begin > at:
            yield bar._replace(begin=at, end=begin)
        yield one._replace(begin=begin, end=end)
        at = end
    if at < bar.end:
        yield bar._replace(begin=at)


def waits_of(bars: list[Bar]) -> tuple[str, float]:
    """What a peer that lacked pieces waited for longest, and for how many seconds; ("", 0.0) for nothing."""
    sums: Counter[str] = Counter()
    for bar in bars:
        if bar.what == WAITS:
            sums[bar.reason] += bar.end - bar.begin  # type: ignore[assignment]
    return max(sums.items(), key=lambda item: item[1]) if sums else ("", 0.0)


def fields_of(bars: list[Bar]) -> list[list[Any]]:
    """For the page."""
    return [[round(bar.begin, 3), round(bar.end, 3), bar.what, bar.reason] for bar in bars]

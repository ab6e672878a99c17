"""What each peer did when, as bars, and what it waited for."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from deploy.core.inventory import shown
from deploy.core.runreport.recorded import Recorded
from peer.core import status, trace

CHECKS, FETCHES, WAITS, SERVES = "checks", "fetches", "waits", "serves"
_WORDS = {status.CHECKING: CHECKS, status.DOWNLOADING: FETCHES, status.SEEDING: SERVES}
MOST_BARS = 200  # of a peer


class Bar(NamedTuple):
    """From `begin` to `end` (seconds) it did `what`; `reason`: what it waited for, "" for nothing."""

    begin: float
    end: float
    what: str
    reason: str


def bars_of(recorded: Recorded, peer: int) -> list[Bar]:
    """A peer's bars in the order of time; what lasts no time, and its end, is none."""
    notes = recorded.notes(peer, trace.STATE, trace.END)
    ends = [*(when for when, _ in notes[1:]), recorded.end]
    bars: list[Bar] = []
    for (begin, note), end in zip(notes, ends):
        word = _WORDS.get(note.values[0]) if note.kind == trace.STATE else None
        if word is None or end <= begin:
            continue
        reason = shown(note.values[1])
        bars.append(Bar(begin, end, WAITS if reason and word != SERVES else word, reason))
    return bars[:MOST_BARS]


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

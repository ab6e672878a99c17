"""The verdict as it is shown at the end of a run: on one screen, with the hash once and the failures last."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.core.failures import MOST, Failure
from deploy.core.times import Times, format_phases
from deploy.core.verdict import BRIEF_COLUMNS, Row, Verdict
from peer.core.counting import seconds_of
from peer.core.sizes import format_size

MOST_HOSTS = 12  # whose rows fit on a screen with everything else
NOT_YET = "isn't computed yet: the copies are proved by their blocks; `verify` shows it once the seed has it"
LEAST_LIMIT = 1.0  # seconds: below that the peers' start, and a classic swarm's intervals, take most of the time
SURELY_LESS = 0.95  # of the limit: `fab cap` may have let hosts send more than the inventory says
_GAP = 3  # columns between two cells of a drawn table


def payload_lines(name: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """The payload that was delivered: the name with its size, and the hash on a line of its own."""
    good = next((row for row in rows if row.good), None)
    if good is None:
        return (name,)
    size = f", {format_size(good.bytes)} ({good.bytes:,} bytes)" if good.bytes is not None else ""
    return f"{name}{size}", f"sha256 {good.sha256 or NOT_YET}"


def time_lines(times: Times) -> tuple[str, ...]:
    """The user's time by phases; then the swarm's compared with the limit, if everything was transferred.

    If the hosts had some of it before, the most that one of them fetched is told instead.
    """
    lines = [f"in {format_phases(times)}"]
    if times.fetched:
        most, size = map(format_size, times.fetched)
        had = "every host had all of it before"
        lines.append(f"no host fetched more than {most} of {size}; it had the rest" if times.fetched[0] else had)
    if not times.moved:
        return tuple(lines)
    if times.swarm is not None and times.limit is not None and times.limit.seconds:
        limit = f"{seconds_of(times.limit.seconds)} ({times.limit.because})"
        compared = _compared(times.swarm, times.limit.seconds)
        lines.append(f"the swarm took {seconds_of(times.swarm)}; the limit is {limit}, {compared}")
    return tuple(lines)


def _compared(seconds: float, limit: float) -> str:
    if limit < LEAST_LIMIT:
        return "too short to compare"
    if seconds < limit * SURELY_LESS:
        return "so links or caps let more through than the inventory says"
    return f"so {seconds / limit:.2f} times that"


def failure_lines(found: Sequence[Failure], more: str) -> tuple[str, ...]:
    """Two lines each: the cause, and the command to run next. `more`: the file with those that don't fit."""
    lines: list[str] = []
    for failure in found[:MOST]:
        lines += [failure.line, f"  next: {failure.command}"]
    rest = len(found) - MOST
    return (*lines, f"and {rest} other failures: see {more}") if rest > 0 else tuple(lines)


def shows_table(verdict: Verdict, width: int | None, asked: bool) -> bool:
    """Whether the table of all copies belongs to the verdict. `width`: columns of the terminal, None: any width."""
    if asked:
        return True
    if len({row.host for row in verdict.rows}) > MOST_HOSTS:
        return False
    return width is None or table_width(verdict.rows) <= width


def table_width(rows: Sequence[Row]) -> int:
    """Columns of a terminal that the table needs, so that no cell is wrapped."""
    cells = [BRIEF_COLUMNS, *(row.brief for row in rows)]
    return sum(max(map(len, column)) + _GAP for column in zip(*cells)) + 1

"""The work in progress on hosts: what, where, for how long, and how much is done, in one line or as an object."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from deploy.core.inventory import fold
from peer.core.mark import BYTES, Mark, format_done
from peer.core.sizes import format_rate

_MOST_WIDTH = 40  # columns for the hosts' names; if they need more, their number is shown
_PACE_SECONDS = 10.0  # over which a rate is measured


class Sum(NamedTuple):
    """How far all hosts are that do the same thing. `size` is 0 where one of them doesn't know its own.

    `waiting`: those that aren't done yet; `slowest`: the one of them that is least far, None where there is only one.
    """

    doing: str
    waiting: tuple[str, ...]
    done: int
    size: int
    unit: str
    slowest: tuple[str, Mark] | None


class Work(NamedTuple):
    """Work on hosts. `waiting`: those that aren't done yet, of `hosts` in all. `seconds` since it began.

    `marks`: how far each host is that has told it, those that are done too; without hosts, this machine's under "".
    `rate`: what all of them get done in a second.
    """

    what: str  # "pushing code and configuration"
    waiting: Collection[str]
    hosts: int
    seconds: float
    marks: Mapping[str, Mark] = {}
    rate: float = 0.0


class Pace:
    """Measures the rate of work over the last seconds."""

    def __init__(self) -> None:
        self._doing = ""
        self._samples: deque[tuple[float, int]] = deque()

    def rate(self, total: Sum | None, now: float) -> float:
        """What is done in a second. `now`: seconds of a steady clock."""
        if total is None or total.doing != self._doing:
            self._samples.clear()
        if total is None:
            return 0.0
        self._doing = total.doing
        self._samples.append((now, total.done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _PACE_SECONDS:
            self._samples.popleft()
        then, before = self._samples[0]
        return max(0.0, (total.done - before) / (now - then)) if now > then else 0.0


def sum_up(waiting: Collection[str], marks: Mapping[str, Mark]) -> Sum | None:
    """The sum over the hosts that do what most of those do that are waited for; None where none has told anything."""
    at_it = {host: marks[host] for host in waiting if host in marks} if waiting else dict(marks)
    if not at_it:
        return None
    (doing, _), *_ = Counter(mark.doing for mark in at_it.values()).most_common(1)
    same = {host: mark for host, mark in marks.items() if mark.doing == doing}
    at_it = {host: mark for host, mark in at_it.items() if mark.doing == doing}
    sizes = [mark.size for mark in same.values()]
    done = sum(_done(mark) if host in at_it else max(mark.size, mark.done) for host, mark in same.items())
    slowest = min(at_it.items(), key=lambda one: _fraction(one[1])) if len(same) > 1 else None
    return Sum(doing, tuple(at_it), done, sum(sizes) if all(sizes) else 0, at_it[next(iter(at_it))].unit, slowest)


def format_work(work: Work, width: int | None = None) -> str:
    """`uploading build.tar on node01: 120 MiB of 600 MiB (20%), 60 MiB/s, 8 s left`, in `width` columns at most."""
    total = sum_up(work.waiting, work.marks)
    waiting = total.waiting if total else tuple(work.waiting)
    what = total.doing if total else work.what
    heads = [f"{what}{where}" for where in _where(waiting, work.hosts)]
    tails = [f"{work.seconds:.0f} s"] if total is None else _amounts(total, work.rate)
    lines = [f"{head}: {tail}" for tail in tails for head in heads]
    if width is None:
        return lines[0]
    short = f"{heads[-1][: max(0, width - len(tails[-1]) - 5)]}...: {tails[-1]}"
    return next((line for line in lines if len(line) <= width), short)


def work_fields(work: Work) -> dict[str, Any] | None:
    """The same as an object of `--json`; None where nothing is counted."""
    total = sum_up(work.waiting, work.marks)
    if total is None:
        return None
    left = (total.size - total.done) / work.rate if work.rate > 0 and total.size else None
    return {
        "doing": total.doing,
        "hosts": work.hosts,
        "waiting": len(work.waiting),
        "done": total.done,
        "size": total.size or None,
        "unit": total.unit,
        "rate": round(work.rate, 1),
        "seconds": round(work.seconds, 1),
        "seconds_left": None if left is None else round(left, 1),
        "slowest": total.slowest[0] if total.slowest else None,
        "slowest_done": total.slowest[1].done if total.slowest else None,
    }


def seconds_left(size: float, rate: float) -> str:
    """`, 8 s left` for that number of bytes at that rate; "" if it is unknown."""
    if rate <= 0 or size <= 0:
        return ""
    seconds = size / rate
    if seconds < 100:
        return f", {seconds:.0f} s left"
    minutes, hours = seconds / 60, seconds / 3600
    return f", {minutes:.0f} min left" if minutes < 100 else f", {hours:.0f} h left" if hours < 1000 else ""


def _where(waiting: Collection[str], hosts: int) -> list[str]:
    """Where it is done: in full, and shorter."""
    names = fold(waiting)
    number = f" on {len(waiting)} of {hosts} hosts"
    if not names or len(names) > _MOST_WIDTH:
        return [number if names else ""]
    return [f" on {names}", number] if len(number) < len(names) else [f" on {names}"]


def _amounts(total: Sum, rate: float) -> list[str]:
    """How much is done: in full, and shorter."""
    pace = format_rate(rate) if total.unit == BYTES else f"{rate:,.0f}/s"
    slowest = f"; slowest {total.slowest[0]}{_share(total.slowest[1])}" if total.slowest else ""
    so_far = format_done(total.done, total.size, total.unit)
    if not total.size:
        return [f"{so_far}, {pace}{slowest}", f"{so_far}, {pace}"]
    percent = f"{100 * total.done // total.size}%"
    ending = f"{pace}{seconds_left(total.size - total.done, rate)}"
    full = f"{so_far} ({percent}), {ending}"
    return [full + slowest, f"{percent}, {ending}{slowest}", f"{percent}, {ending}"]


def _share(mark: Mark) -> str:
    return f" {100 * _done(mark) // mark.size}%" if mark.size else ""


def _done(mark: Mark) -> int:
    """A file may have grown since its size was told."""
    return min(mark.done, mark.size) if mark.size else mark.done


def _fraction(mark: Mark) -> float:
    return _done(mark) / mark.size if mark.size else mark.done

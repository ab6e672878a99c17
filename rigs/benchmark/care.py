"""How a benchmark gets along with other programs on the machine."""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple, TypeVar

from rigs import accounting
from rigs.benchmark.records import LocalRun, Run

AnyRun = TypeVar("AnyRun", Run, LocalRun)


class Care(NamedTuple):
    """`calm`: seconds to wait, at most, for an idle machine before a run; `again`: how often a run is repeated in
    which others took more than accounting.NOISE of the CPU. The last try counts, whatever it was."""

    calm: float = 0.0
    again: int = 0


def careful(care: Care, measure: Callable[[], AnyRun]) -> Iterator[AnyRun]:
    """The runs that it took, all but the last marked as disturbed."""
    for left in range(care.again, -1, -1):
        if care.calm:
            accounting.wait_calm(care.calm)
        run = measure()
        disturbed = bool(left) and not run.problem and run.others > accounting.NOISE
        yield run._replace(disturbed=disturbed)
        if not disturbed:
            return

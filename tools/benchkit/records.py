"""What was measured, as plain data, and the JSON file that keeps all of it."""

from __future__ import annotations

import json
import os
import platform
import statistics
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence

from tools.benchkit.scenarios import GIB, SCENARIOS, Scenario


class Run(NamedTuple):
    """One run of one tool. Seconds, bytes, and CPU seconds of all its processes, the seed's too.

    `first`: when the first receiver had its copy; `copies`: what the seed's link sent, in payloads; `problem`: why
    the run failed, "" if every receiver had a right copy; `others`: the share of the machine's CPU time that went to
    other programs meanwhile (a noisy run), `idle`: that went to nobody.
    """

    scenario: str
    tool: str
    number: int
    problem: str = ""
    seconds: float = 0.0
    first: float = 0.0
    copies: float = 0.0
    cpu: float = 0.0
    peak: int = 0
    others: float = 0.0
    idle: float = 0.0
    details: Dict[str, Any] = {}

    @property
    def ratio(self) -> Optional[float]:
        """Time in T*; None where no link sets the pace."""
        limit = SCENARIOS[self.scenario].limit
        return self.seconds / limit if limit else None

    @property
    def cpu_per_gib(self) -> float:
        return self.cpu * GIB / SCENARIOS[self.scenario].delivered


class Summary(NamedTuple):
    """The runs of one tool in one scenario, as medians; `times` sorted."""

    scenario: Scenario
    tool: str
    times: Sequence[float]
    copies: float
    cpu_per_gib: float
    peak: int
    failed: int
    problem: str

    @property
    def median(self) -> float:
        return statistics.median(self.times) if self.times else float("nan")

    @property
    def ratio(self) -> Optional[float]:
        return self.median / self.scenario.limit if self.scenario.limit else None


def summarise(runs: Iterable[Run]) -> List[Summary]:
    """A summary for each scenario and tool, in the order of their first runs."""
    groups: Dict[Any, List[Run]] = {}
    for run in runs:
        groups.setdefault((run.scenario, run.tool), []).append(run)
    return [_summary(SCENARIOS[scenario], tool, group) for (scenario, tool), group in groups.items()]


def _summary(scenario: Scenario, tool: str, group: Sequence[Run]) -> Summary:
    good = [run for run in group if not run.problem]

    def middle(values: Iterable[float]) -> float:
        found = list(values)
        return statistics.median(found) if found else float("nan")

    return Summary(
        scenario,
        tool,
        sorted(run.seconds for run in good),
        middle(run.copies for run in good),
        middle(run.cpu_per_gib for run in good),
        max((run.peak for run in good), default=0),
        len(group) - len(good),
        next((run.problem for run in group if run.problem), ""),
    )


def machine() -> Dict[str, Any]:
    """What a reader has to know of the machine."""
    return {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}


def write(path: Path, facts: Dict[str, Any], runs: Iterable[Run]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, "runs": [run._asdict() for run in runs]}, indent=1) + "\n")


def read(path: Path) -> "tuple[Dict[str, Any], List[Run]]":
    """What `write` wrote: the facts and the runs. Raises ValueError, OSError."""
    facts = json.loads(path.read_text())
    runs = [Run(**{key: value for key, value in row.items() if key in Run._fields}) for row in facts.pop("runs")]
    return facts, runs

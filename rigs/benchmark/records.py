"""What was measured, as plain data, and the JSON files that keep all of it."""

from __future__ import annotations

import json
import os
import platform
import statistics
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type, Union

from rigs.benchmark.scenarios import GIB, SCENARIOS, Scenario


class Run(NamedTuple):
    """One run of one tool in the lab. Seconds, bytes, and CPU seconds of all its processes, the seed's too.

    `first`: when the first receiver had its copy; `copies`: what the seed's link sent, in payloads; `problem`: why
    the run failed, "" if every receiver had a right copy; `others`: the share of the machine's CPU time that went to
    other programs meanwhile, `idle`: that went to nobody; `disturbed`: others took so much that it was done again;
    `durable`: when the last receiver's copy was on the disk; `size`: of the payload (0: the scenario's own);
    `crossed`: what came into any zone from others, in payloads.
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
    disturbed: bool = False
    details: Dict[str, Any] = {}
    disk: bool = False
    size: int = 0
    durable: float = 0.0
    crossed: float = 0.0

    @property
    def place(self) -> Scenario:
        """The scenario as it was run."""
        usual = SCENARIOS[self.scenario]
        return usual._replace(size=self.size or usual.size, disk=self.disk)

    @property
    def ratio(self) -> Optional[float]:
        """Time in T*; None where no link sets the pace."""
        limit = self.place.limit
        return self.seconds / limit if limit else None

    @property
    def cpu_per_gib(self) -> float:
        return self.cpu * GIB / self.place.delivered


class LocalRun(NamedTuple):
    """One run of a swarm on this machine. Seconds, bytes; `cpu` of all peers; `messages`: in, for each piece in."""

    what: str  # "scale" or "classic"
    peers: int
    number: int
    problem: str = ""
    seconds: float = 0.0  # from the receivers' (scale) or the first peer's (classic) start
    cpu: float = 0.0
    peak: int = 0
    files: int = 0  # the most that one process had open
    neighbours: float = 0.0  # of a peer, on average
    messages: float = 0.0
    others: float = 0.0
    disturbed: bool = False

    @property
    def cpu_a_peer(self) -> float:
        return self.cpu / self.peers


class UserRun(NamedTuple):
    """One pass of all that a user waits for. Seconds, bytes; CPU seconds of all its processes.

    `what`: "up" or "tree"; `step`: which pass; `phases`: seconds; `durable`: until the copies were on the disk;
    `operator`: CPU seconds of the operator's own process (0: unknown); `peak`: of the peer that took most.
    """

    what: str
    tool: str
    step: str
    receivers: int
    size: int
    number: int
    files: int = 1
    disk: bool = False
    problem: str = ""
    seconds: float = 0.0
    durable: float = 0.0
    phases: Dict[str, float] = {}
    cpu: float = 0.0
    operator: float = 0.0
    peak: int = 0
    others: float = 0.0
    idle: float = 0.0
    disturbed: bool = False


class OperatorRun(NamedTuple):
    """The operator's own work for hosts that aren't there. Seconds, bytes, CPU seconds of its process.

    `life`: how long each peer took; `watching`, `watched`: CPU seconds from the last start to the end of the watch, and
    how long that was; `behind`: how long the watch outlived the last peer; `peak`: its memory.
    """

    hosts: int
    life: float
    number: int
    problem: str = ""
    seconds: float = 0.0
    phases: Dict[str, float] = {}
    cpu: float = 0.0
    watching: float = 0.0
    watched: float = 0.0
    behind: float = 0.0
    peak: int = 0
    others: float = 0.0
    disturbed: bool = False


class AgainRun(NamedTuple):
    """A next version to hosts that have the one before. Seconds, bytes; `fresh`: what is new in it; the seed `sent`.

    `kind`: how the payload was changed; `size`: of the new version.
    """

    kind: str
    tool: str
    receivers: int
    size: int
    number: int
    problem: str = ""
    fresh: int = 0
    seconds: float = 0.0
    sent: int = 0
    others: float = 0.0
    disturbed: bool = False


AnyRun = Union[Run, LocalRun, UserRun, OperatorRun, AgainRun]


class Summary(NamedTuple):
    """The runs of one tool in one scenario, as medians; `times` sorted; `peak` and `others` of the worst run.

    `durable` is None where no disk took part, `crossed` where there are no zones.
    """

    scenario: Scenario
    tool: str
    times: Sequence[float]
    copies: float
    cpu_per_gib: float
    peak: int
    failed: int
    others: float
    durable: Optional[float] = None
    crossed: Optional[float] = None

    @property
    def median(self) -> float:
        return statistics.median(self.times) if self.times else float("nan")

    @property
    def ratio(self) -> Optional[float]:
        return self.median / self.scenario.limit if self.scenario.limit else None


class Kept(NamedTuple):
    """One JSON file: facts about the measurement, and its runs."""

    facts: Dict[str, Any]
    runs: List[Any]


def summarise(runs: Iterable[Run]) -> List[Summary]:
    """A summary for each scenario and tool, in the order of their first runs."""
    groups: Dict[Tuple[Scenario, str], List[Run]] = {}
    for run in runs:
        groups.setdefault((run.place, run.tool), []).append(run)
    return [_summary(scenario, tool, group) for (scenario, tool), group in groups.items()]


def good(runs: Iterable[Any]) -> List[Any]:
    """Those that count: neither failed nor disturbed."""
    return [run for run in runs if not run.problem and not run.disturbed]


def _summary(scenario: Scenario, tool: str, group: Sequence[Run]) -> Summary:
    counted: List[Run] = good(group)
    return Summary(
        scenario,
        tool,
        sorted(run.seconds for run in counted),
        _median(run.copies for run in counted),
        _median(run.cpu_per_gib for run in counted),
        max((run.peak for run in counted), default=0),
        sum(bool(run.problem) for run in group),
        max((run.others for run in counted), default=0.0),
        _median(run.durable for run in counted) if scenario.disk else None,
        _median(run.crossed for run in counted) if scenario.zones else None,
    )


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.median(found) if found else float("nan")


def whereabouts(facts: Mapping[str, Any]) -> str:
    """Where the copies lay, with the disk's rate where one took part."""
    if facts["in_memory"]:
        return "in memory"
    rate = f" that takes {facts['disk_rate'] / 1e6:.0f} MB/s" if "disk_rate" in facts else ""
    return f"on a disk{rate}"


def file_name(what: str, disk: bool) -> str:
    """Where a part of a campaign is kept: what was measured on a disk stands beside what was in memory."""
    return f"{what}-disk.json" if disk else f"{what}.json"


def machine() -> Dict[str, Any]:
    """What a reader has to know of the machine."""
    return {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}


def write(path: Path, kept: Kept) -> None:
    """Replace the file by these runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [run._asdict() for run in kept.runs]
    part = path.with_suffix(".part")
    part.write_text(json.dumps({**kept.facts, "runs": rows}, indent=1) + "\n")
    part.replace(path)


def read(path: Path) -> Optional[Kept]:
    """What `write` wrote there; None if there is nothing. Raises ValueError if it is something else."""
    try:
        facts = json.loads(path.read_text())
        return Kept(facts, [_run(row) for row in facts.pop("runs")])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError(f"{path}: not a file of measurements: remove it") from None


# Each kind by a field that the others don't have.
_SIGNS: Dict[str, Type[AnyRun]] = {"scenario": Run, "step": UserRun, "life": OperatorRun, "fresh": AgainRun}


def _run(row: Dict[str, Any]) -> AnyRun:
    kind: Type[AnyRun] = next((known for sign, known in _SIGNS.items() if sign in row), LocalRun)
    return kind(**{name: value for name, value in row.items() if name in kind._fields})

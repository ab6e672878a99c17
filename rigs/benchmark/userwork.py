"""All that a user waits for, pass by pass: the first, the next with nothing changed, and with one host set up anew."""

from __future__ import annotations

import filecmp
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, NamedTuple, Protocol, Sequence

from rigs import accounting
from rigs.benchmark import durable, warm
from rigs.benchmark.records import UserRun
from rigs.benchmark.rounds import Care, schedule
from rigs.errors import RigError
from rigs.procgroup import ProcessGroup

FIRST, AGAIN, ANEW = "first", "again", "one anew"
STEPS = (FIRST, AGAIN, ANEW)


class Pass(NamedTuple):
    """What one pass took. Seconds; `cpu` of all its processes; `operator`: the operator's part of it, 0 if unknown.

    `synced`: the copies were on the disk by its end; `peak`: bytes of the peer that took most.
    """

    seconds: float
    phases: Dict[str, float]
    cpu: float
    operator: float = 0.0
    peak: int = 0
    synced: bool = False


class Stage(NamedTuple):
    """Where passes take place: what tools and tables have to know of it. `payload` is what every copy must be.

    `settle` returns once nothing of a pass is running any more. `made`: bytes that the first pass of Weft makes.
    """

    what: str
    receivers: int
    size: int
    files: int
    disk: bool
    payload: Path
    settle: Callable[[], None]
    made: int = 0

    @property
    def delivered(self) -> int:
        return self.receivers * self.size


class Worker(Protocol):
    """A tool on one stage."""

    name: str

    def clear(self) -> None:
        """Nothing of any pass is on any host; the payload is where the tool takes it from."""

    def renew(self) -> None:
        """The last receiver has lost all that it had."""

    def once(self, group: ProcessGroup) -> Pass:
        """All of it, once. Raises RigError."""

    def copies(self) -> Dict[str, Path]:
        """Each receiver's copy, by its host's name."""


def run_rounds(stage: Stage, workers: Sequence[Worker], rounds: int, care: Care) -> Iterator[UserRun]:
    """All passes of each worker in turns, each run as it is over; a pass that failed ends its worker's round."""
    for number, worker in schedule(workers, rounds):
        if care.calm:
            accounting.wait_calm(care.calm)
        worker.clear()
        for step in STEPS:
            run = measure(stage, worker, step, number)
            yield run
            if run.problem:
                break
    for worker in workers:
        worker.clear()


def measure(stage: Stage, worker: Worker, step: str, number: int) -> UserRun:
    """One pass, its copies compared afterwards."""
    bare = UserRun(stage.what, worker.name, step, stage.receivers, stage.size, number, stage.files, stage.disk)
    if step == ANEW:
        worker.renew()
    arriving = {FIRST: stage.made + stage.delivered, AGAIN: 0, ANEW: stage.size}[step]
    with warm.cache(arriving, stage.disk):
        return _measure(stage, worker, bare)


def _measure(stage: Stage, worker: Worker, bare: UserRun) -> UserRun:
    watch = accounting.Watch()
    try:
        with ProcessGroup() as group:
            one = worker.once(group)
            shares = watch.stop(one.cpu)
            syncing = 0.0 if one.synced else _sync(worker)
    except RigError as error:
        return bare._replace(problem=str(error))
    finally:
        stage.settle()
    return bare._replace(
        problem=_wrong_copies(stage, worker),
        seconds=one.seconds,
        durable=one.seconds + syncing,
        phases=one.phases,
        cpu=one.cpu,
        operator=one.operator,
        peak=one.peak,
        others=shares.others,
        idle=shares.idle,
    )


def _sync(worker: Worker) -> float:
    """Seconds that it takes to bring the copies to the disk."""
    begun = time.time()
    return durable.sync(worker.copies().values()) - begun


def _wrong_copies(stage: Stage, worker: Worker) -> str:
    """The first receiver whose copy isn't the payload; the clock has stopped by now."""
    for host, copy in worker.copies().items():
        if not is_same(stage.payload, copy):
            return f"{host}: its copy isn't the payload"
    return ""


def is_same(payload: Path, copy: Path) -> bool:
    """Whether two files have the same bytes, or two trees the same files."""
    if payload.is_dir():
        return not subprocess.run(["diff", "-rq", "--no-dereference", payload, copy], capture_output=True).returncode
    return copy.is_file() and filecmp.cmp(payload, copy, shallow=False)

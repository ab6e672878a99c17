"""What trace and report cost in C, as shares of the CPU seconds of its peers; and the report of many hosts."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from deploy.core.inventory import parse_inventory
from deploy.core.summary import SUMMARY_JSON_NAME, Results, format_summary_json
from deploy.core.verdict import Copy, judge
from peer.core import folder as names
from peer.core import status
from peer.core.config import PeerRow
from peer.core.trace import format_head, format_note, parse_trace
from rigs import peerprocess, swarmdir, workfolder
from rigs.benchmark import rounds, timedpeer, timedreport
from rigs.benchmark.records import Run
from rigs.benchmark.rounds import Care
from rigs.benchmark.scenarios import SCENARIOS
from rigs.benchmark.site import Site
from rigs.benchmark.weft import Weft
from rigs.errors import RigError
from rigs.swarmdir import WeftOptions

SCENARIO = "C"
ALLOWED = 0.01  # of the peers' CPU seconds
MANY = 40  # hosts whose report is to be there in ...
SOON = 2.0  # ... so many seconds
WRITTEN = 5  # times that each report is written
_INVENTORY = """\
swarm: {{name: bench, payload: {{generate: 1GiB}}}}
defaults: {{connection: local}}
hosts: {{'n[01-{hosts:02}]': }}
seeds: [n01]
"""

Traces = List[Tuple[str, Dict[str, Any]]]  # each peer's trace as text, and its last status; the seed's first


class Report(NamedTuple):
    """CPU seconds to load and to write it, seconds by the clock, bytes."""

    cpu: float
    seconds: float
    size: int


class Cost(NamedTuple):
    """One run: CPU seconds of all peers, of their traces, calls of these; the report of the run, and one of MANY."""

    run: float
    trace: float
    calls: int
    report: Report
    many: Report

    @property
    def share(self) -> float:
        """Of trace and report, of the run's CPU seconds."""
        return (self.trace + self.report.cpu) / self.run

    def __str__(self) -> str:
        return (
            f"CPU {self.run:.2f} s"
            f"  trace {1000 * self.trace:.0f} ms in {self.calls:,} calls ({self.trace / self.run:.2%})"
            f"  report {1000 * self.report.cpu:.0f} ms ({self.report.cpu / self.run:.2%})  together {self.share:.2%}"
            f"  report of {MANY} hosts {self.many.seconds:.2f} s, {self.many.size:,} bytes"
        )


class TimedWeft(Weft):
    """Weft whose peers time their traces; `traces`: those of the last run."""

    def __init__(self) -> None:
        super().__init__(WeftOptions(), module=timedpeer.__name__)
        self.traces: Traces = []

    def _details(self, site: Site, rows: Tuple[PeerRow, ...]) -> Dict[str, Any]:
        places = [(site.folder(host), row.peer_id) for host, row in zip(site.hosts, rows)]
        self.traces = [_left(*place) for place in places]
        timed = [timedpeer.read(folder / timedpeer.name_of(peer)) for folder, peer in places]
        return {"trace": sum(one.trace for one in timed), "calls": sum(one.calls for one in timed)}


def _left(folder: Path, peer: int) -> Tuple[str, Dict[str, Any]]:
    last = peerprocess.read_status(folder, peer)
    if last is None:
        raise RigError(f"peer {peer} left no status in {folder}: run it again")
    return (folder / names.trace(peer)).read_text(), status.to_fields(last)


def measure(work: Optional[Path], runs: int, care: Care) -> bool:
    """Measure and tell; whether it is more than ALLOWED, or not there SOON. Raises RigError."""
    scenario, costs = SCENARIOS[SCENARIO], list[Cost]()
    with workfolder.work_folder(work, rounds.room(scenario)) as folder:
        tool = TimedWeft()
        for run in rounds.run_rounds(scenario, [tool], runs, folder, care):
            if run.problem:
                raise RigError(f"run {run.number}: {run.problem}")
            cost = _cost(run, tool.traces, folder)
            print(f"  {scenario.name} run {run.number}:  {cost}", flush=True)
            if not run.disturbed:
                costs.append(cost)
    share = statistics.median(one.share for one in costs)
    seconds = statistics.median(one.many.seconds for one in costs)
    print(f"trace and report: {share:.2%} of the CPU of {scenario.name}; report of {MANY} hosts: {seconds:.2f} s")
    return share > ALLOWED or seconds > SOON


def _cost(run: Run, traces: Traces, folder: Path) -> Cost:
    spent, own, many = run.details, _report(folder, traces), _report(folder, list(_grown(traces)))
    return Cost(run.cpu, spent["trace"], spent["calls"], own, many)


def _grown(traces: Traces) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """MANY hosts that the receivers stand for, in turns."""
    seed, *receivers = traces
    yield seed
    for at in range(1, MANY):
        text, last = receivers[at % len(receivers)]
        head, notes, _ = parse_trace(text)
        peer = swarmdir.FIRST_ID + at
        yield format_head(head._replace(peer=peer)) + "".join(map(format_note, notes)), {**last, "peer": peer}


def _report(folder: Path, traces: Traces) -> Report:
    """Of a run's folder with these traces, each time by a process of its own; the median by CPU seconds."""
    run = folder / "run"
    inventory = parse_inventory(_INVENTORY.format(hosts=len(traces)))
    copies = []
    for peer, (text, last) in zip(inventory.peers, traces):
        place = run / peer.host
        place.mkdir(parents=True)
        (place / names.trace(peer.peer_id)).write_text(text)
        copies.append(Copy.of_status(peer.peer_id, {"status": last}))
    verdict = judge(inventory, copies)
    (run / SUMMARY_JSON_NAME).write_text(format_summary_json(inventory, Results("bench", verdict.code, (), verdict)))
    written = sorted(_written(run) for _ in range(WRITTEN))
    shutil.rmtree(run)
    return written[WRITTEN // 2]


def _written(run: Path) -> Report:
    argv = [sys.executable, "-m", timedreport.__name__, str(run)]
    said = subprocess.run(argv, cwd=peerprocess.CHECKOUT, check=True, stdout=subprocess.PIPE).stdout
    return Report(**json.loads(said))

"""What it costs that three of eight hosts accept nothing: scenario A with such hosts and without, in turns."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Dict, List, Optional

from netlab.labhost import Host
from rigs import workfolder
from rigs.benchmark import rounds
from rigs.benchmark.records import Run
from rigs.benchmark.rounds import Care
from rigs.benchmark.scenarios import SCENARIOS
from rigs.benchmark.site import Outcome, Site
from rigs.benchmark.weft import Weft
from rigs.errors import RigError
from rigs.procgroup import ProcessGroup
from rigs.swarmdir import WeftOptions

SCENARIO = "A"
ALLOWED = 1.2  # of the time in which all accept connections
OPEN, CLOSED = "all accept", "three accept nothing"


class ClosedWeft(Weft):
    """Weft on hosts of which the first, the middle and the last in the list accept no connection; the first seeds."""

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        closed = _closed(site.hosts)
        try:
            for host in closed:
                site.lab.reach(host.name, False)
            return super().run(site, group)
        finally:
            for host in closed:
                site.lab.reach(host.name, True)


def _closed(hosts: List[Host]) -> List[Host]:
    return [hosts[0], hosts[len(hosts) // 2], hosts[-1]]


def measure(work: Optional[Path], runs: int, options: WeftOptions, care: Care) -> bool:
    """Measure and tell; whether it takes more than ALLOWED times as long. Raises RigError if a peer fails."""
    scenario = SCENARIOS[SCENARIO]
    seconds: Dict[str, List[float]] = {OPEN: [], CLOSED: []}
    tools = [Weft(options, OPEN), ClosedWeft(options, CLOSED)]
    with workfolder.work_folder(work, rounds.room(scenario)) as folder:
        for run in rounds.run_rounds(scenario, tools, runs, folder, care):
            if run.problem:
                raise RigError(f"run {run.number}, {run.tool}: {run.problem}")
            print(f"  {_line(run)}", flush=True)
            if not run.disturbed:
                seconds[run.tool].append(run.seconds)
    usual, closed = (statistics.median(taken) for taken in seconds.values())
    print(f"three of {scenario.hosts} hosts accept nothing: {closed:.2f} s, else {usual:.2f} s: {closed / usual:.2f}")
    return closed > ALLOWED * usual


def _line(run: Run) -> str:
    others = f"; others took {run.others:.0%} of the CPU" if run.others > 0.05 else ""
    return f"{run.scenario} run {run.number}, {run.tool:<21}{run.seconds:6.2f} s, {run.copies:.2f} seed copies{others}"

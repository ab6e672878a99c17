"""The order of runs: every tool once, then every tool again, so that a machine that drifts drifts for all."""

from __future__ import annotations

import filecmp
from functools import partial
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple, Sequence, Tuple, TypeVar

from netlab import Lab
from peer.edge.generate import write_file
from rigs import accounting
from rigs.benchmark import durable, warm
from rigs.benchmark.records import LocalRun, OperatorRun, Run
from rigs.benchmark.scenarios import MIB, Scenario
from rigs.benchmark.site import Outcome, Site, Tool
from rigs.errors import RigError
from rigs.procgroup import ProcessGroup
from rigs.workfolder import LAB

PAYLOAD = "payload.bin"

T = TypeVar("T")


def room(scenario: Scenario) -> int:
    """Bytes on the file system: the payload, a copy a receiver, and a little."""
    return scenario.size * scenario.hosts + 64 * MIB


def run_rounds(scenario: Scenario, tools: Sequence[Tool], rounds: int, folder: Path, care: Care) -> Iterator[Run]:
    """Make the lab in `folder`, and yield each run when it is over."""
    payload = folder / PAYLOAD
    write_file(payload, scenario.size, scenario.name)
    durable.sync([payload])  # or the first run would share the disk with it
    with lab_of(scenario, folder / LAB) as lab:
        site = Site(lab, scenario, payload)
        for tool in tools:
            tool.prepare(site)
        for number, tool in schedule(tools, rounds):
            yield from careful(care, partial(measure, tool, site, number))
    payload.unlink()


def lab_of(scenario: Scenario, directory: Path) -> Lab:
    """Its hosts, made there; leaving the `with` block takes them down."""
    return Lab.up(scenario.hosts, scenario.rate, directory, zones=scenario.zones, between=scenario.between)


def schedule(tools: Sequence[T], rounds: int) -> List[Tuple[int, T]]:
    """Round (from 1) and tool, in order; each round begins with another tool, so that none is always the first."""
    return [
        (number + 1, tools[(place + number) % len(tools)]) for number in range(rounds) for place in range(len(tools))
    ]


AnyRun = TypeVar("AnyRun", Run, LocalRun, OperatorRun)


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


def measure(tool: Tool, site: Site, number: int) -> Run:
    """Run `tool` once. A run that fails is a Run with a problem; nothing of it is running afterwards."""
    site.fresh()
    with warm.cache(site.scenario.delivered, site.scenario.disk):
        return _measure(tool, site, number)


def _measure(tool: Tool, site: Site, number: int) -> Run:
    bare = Run(site.scenario.name, tool.name, number, disk=site.scenario.disk, size=site.scenario.size)
    resident, sent, crossed = site.resident_cpu(), site.sent_by_seed(), site.crossed()
    watch = accounting.Watch()
    group = ProcessGroup()
    try:
        with group:
            outcome = tool.run(site, group)
            kept = _durable(tool, site, outcome)
    except RigError as error:
        return bare._replace(problem=str(error))
    finally:
        site.wait_empty()
    cpu = group.cpu + site.resident_cpu() - resident
    shares, done = watch.stop(cpu), outcome.done.values()
    return bare._replace(
        problem=_wrong_copies(tool, site),
        seconds=max(done) - outcome.begun,
        first=min(done) - outcome.begun,
        copies=(site.sent_by_seed() - sent) / site.scenario.size,
        crossed=(site.crossed() - crossed) / site.scenario.size,
        cpu=cpu,
        others=shares.others,
        idle=shares.idle,
        peak=max((child.peak for child in group.children), default=0),
        details=outcome.details,
        durable=kept - outcome.begun,
    )


def _durable(tool: Tool, site: Site, outcome: Outcome) -> float:
    """When the last copy is on the disk: the files of a tool that doesn't see to that itself are synced for it."""
    if outcome.synced:
        return max(outcome.done.values())
    return durable.sync([tool.copy(site, host) for host in site.receivers])


def _wrong_copies(tool: Tool, site: Site) -> str:
    """The first receiver whose bytes aren't the payload's; the clock has stopped by now."""
    for host in site.receivers:
        copy = tool.copy(site, host)
        if not copy.is_file() or not filecmp.cmp(site.payload, copy, shallow=False):
            return f"{host.name}: its copy isn't the payload"
    return ""

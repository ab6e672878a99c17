"""One run of one tool, measured alike for all: time, what the seed sent, CPU, memory, and the copies compared."""

from __future__ import annotations

import filecmp

from rigs import accounting
from rigs.benchmark import warm
from rigs.benchmark.records import Run
from rigs.benchmark.site import Site
from rigs.benchmark.tool import Tool
from rigs.errors import BenchError
from rigs.procgroup import Crew


def measure(tool: Tool, site: Site, number: int) -> Run:
    """Run `tool` once. A run that fails is a Run with a problem; nothing of it is running afterwards."""
    site.fresh()
    with warm.memory(site.payload.parent, site.scenario.delivered):
        return _measure(tool, site, number)


def _measure(tool: Tool, site: Site, number: int) -> Run:
    bare = Run(site.scenario.name, tool.name, number)
    resident, sent = site.resident_cpu(), site.sent_by_seed()
    watch = accounting.Watch()
    crew = Crew()
    try:
        with crew:
            outcome = tool.run(site, crew)
    except BenchError as error:
        return bare._replace(problem=str(error))
    finally:
        site.wait_empty()
    cpu = crew.cpu + site.resident_cpu() - resident
    shares, done = watch.stop(cpu), outcome.done.values()
    return bare._replace(
        problem=_wrong_copies(tool, site),
        seconds=max(done) - outcome.begun,
        first=min(done) - outcome.begun,
        copies=(site.sent_by_seed() - sent) / site.scenario.size,
        cpu=cpu,
        others=shares.others,
        idle=shares.idle,
        peak=max((member.peak for member in crew.members), default=0),
        details=outcome.details,
    )


def _wrong_copies(tool: Tool, site: Site) -> str:
    """The first receiver whose bytes aren't the payload's; the clock has stopped by now."""
    for host in site.receivers:
        copy = tool.copy(site, host)
        if not copy.is_file() or not filecmp.cmp(site.payload, copy, shallow=False):
            return f"{host.name}: its copy isn't the payload"
    return ""

"""The order of runs: every tool once, then every tool again, so that a machine that drifts drifts for all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Iterator, List, Sequence, Tuple, TypeVar

from netlab import Lab
from peer.edge.generate import write_file
from rigs.benchmark.care import Care, careful
from rigs.benchmark.measure import measure
from rigs.benchmark.records import Run
from rigs.benchmark.scenarios import MIB, Scenario
from rigs.benchmark.site import Site
from rigs.benchmark.tool import Tool
from rigs.benchmark.workfolder import LAB

PAYLOAD = "payload.bin"

T = TypeVar("T")


def room(scenario: Scenario) -> int:
    """Bytes on the file system: the payload, a copy a receiver, and a little."""
    return scenario.size * scenario.hosts + 64 * MIB


def play(scenario: Scenario, tools: Sequence[Tool], rounds: int, folder: Path, care: Care) -> Iterator[Run]:
    """Make the lab in `folder`, and yield each run when it is over."""
    payload = folder / PAYLOAD
    write_file(payload, scenario.size, scenario.name)
    with Lab.up(scenario.hosts, scenario.rate, folder / LAB) as lab:
        site = Site(lab, scenario, payload)
        for tool in tools:
            tool.prepare(site)
        for number, tool in schedule(tools, rounds):
            yield from careful(care, partial(measure, tool, site, number))
    payload.unlink()


def schedule(tools: Sequence[T], rounds: int) -> List[Tuple[int, T]]:
    """Round (from 1) and tool, in order; each round begins with another tool, so that none is always the first."""
    return [
        (number + 1, tools[(place + number) % len(tools)]) for number in range(rounds) for place in range(len(tools))
    ]

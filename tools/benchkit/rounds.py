"""The order of runs: every tool once, then every tool again, so that a machine that drifts drifts for all."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List, Sequence

from peer.edge.generate import write_file
from tools.benchkit.measure import measure
from tools.benchkit.place import LAB
from tools.benchkit.records import Run
from tools.benchkit.scenarios import Scenario
from tools.benchkit.site import Site
from tools.benchkit.tool import Tool
from tools.labkit import Lab

PAYLOAD = "payload.bin"


def room(scenario: Scenario) -> int:
    """Bytes on the file system: the payload, a copy a receiver, and a little."""
    return scenario.size * scenario.hosts + (64 << 20)


def play(scenario: Scenario, tools: Sequence[Tool], rounds: int, folder: Path) -> Iterator[Run]:
    """Make the lab in `folder`, and yield each run when it is over."""
    payload = folder / PAYLOAD
    write_file(payload, scenario.size, scenario.name)
    try:
        with Lab.up(scenario.hosts, scenario.rate, folder / LAB) as lab:
            site = Site(lab, scenario, payload)
            for tool in tools:
                tool.prepare(site)
            for number, tool in schedule(tools, rounds):
                yield measure(tool, site, number)
    finally:
        payload.unlink()


def schedule(tools: Sequence[Tool], rounds: int) -> "List[tuple[int, Tool]]":
    """Round and tool, in order; each round begins with another tool, so that none is always the first."""
    return [
        (number + 1, tools[(place + number) % len(tools)]) for number in range(rounds) for place in range(len(tools))
    ]

"""Caps that `fab up` sees to: what two seeds send together, and what the operator's machine carries by SSH."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Tuple

from netlab import Lab, addresses
from peer.core import folder as names
from peer.core.budget import MBIT
from rigs import fabup, workfolder
from rigs.benchmark import capsjudge
from rigs.benchmark.capslab import SECONDS, SETTLE
from rigs.benchmark.linkcounter import LinkCounter
from rigs.benchmark.linkwatch import RECEIVED, SENT
from rigs.benchmark.scenarios import MIB
from rigs.labinventory import lab_inventory
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import FIRST_ID
from rigs.workfolder import LAB

HOSTS = 4
SWARM = "bench"
START_SECONDS = 60.0
MORE_SECONDS = 4.0  # that the payload lasts beyond those that are watched
ROOM = 1200 * MIB


class FabCase(NamedTuple):
    """One swarm: `key` of `swarm` that sets the first cap; Mbit/s one after the other, the others by `fab cap`.

    `seeds`: so many hosts have the payload; `relayed`: the last host is one that only SSH reaches.
    """

    key: str
    caps: Tuple[float, ...]
    seeds: int
    relayed: bool

    def __str__(self) -> str:
        return "relayed" if self.relayed else f"{self.seeds} seeds, up"


def cases() -> Iterator[FabCase]:
    """All that is measured."""
    for cap in (10.0, 50.0, 200.0):
        yield FabCase("cap", (cap,), 2, relayed=False)
    yield FabCase("relay_cap", (10.0, 50.0, 20.0), 1, relayed=True)


def bind(work: Optional[Path]) -> bool:
    """Measure them; whether any cap doesn't hold. Raises RigError."""
    print(f"caps by `fab up`: Mbit/s over {capsjudge.WINDOW:g} s, by the counters of the hosts' interfaces", flush=True)
    print(capsjudge.HEAD, flush=True)
    failed = False
    for case in cases():
        with workfolder.work_folder(work, ROOM) as folder:
            failed |= not _holds(case, folder)
    return failed


def _holds(case: FabCase, folder: Path) -> bool:
    only = addresses.host_names(HOSTS)[-1:] if case.relayed else []
    with Lab.up(HOSTS, 0, folder / LAB, only_ssh=only) as lab, ProcessGroup() as group:
        return _Swarm(lab, case, folder / "operator").holds(group)


class _Swarm:
    """One `fab up` by an operator in `folder`."""

    def __init__(self, lab: Lab, case: FabCase, folder: Path) -> None:
        self._lab = lab
        self._case = case
        self._folder = folder
        self._hosts = list(lab.hosts.values())
        self._watched = self._hosts[-1:] if case.relayed else self._hosts[: case.seeds]
        folder.mkdir()
        (folder / "inventory.yaml").write_text(self._inventory())

    def _inventory(self) -> str:
        case = self._case
        size = round(sum(case.caps) * MBIT * (SECONDS + SETTLE + MORE_SECONDS))
        swarm = f"name: {SWARM}, payload: {{generate: {size}}}, {case.key}: {case.caps[0]:g}"
        relayed = self._watched if case.relayed else ()
        return lab_inventory(self._lab, swarm, self._hosts[: case.seeds], relayed=relayed)

    def holds(self, group: ProcessGroup) -> bool:
        """Whether each cap does; told as it is found."""
        self._fab(group, "up")
        group.wait(self._last_is_started, START_SECONDS, "fab up")
        good = True
        fields = (RECEIVED, SENT) if self._case.relayed else (SENT,)
        with LinkCounter(self._watched, *fields) as counter:
            begun = counter.wait_flow(self._case.caps[0])
            for place, cap in enumerate(self._case.caps):
                if place:
                    group.wait_ends([self._fab(group, "cap", f"relay={cap:g}")], START_SECONDS)
                    time.sleep(SETTLE)
                    begun = counter.forget()
                time.sleep(max(0.0, begun + SECONDS - time.monotonic()))
                found = capsjudge.judge(counter.samples, cap, begun)
                good &= found.holds
                print(f"  {self._case!s:<15}{found}".rstrip(), flush=True)
        return good

    def _last_is_started(self) -> bool:
        last = self._hosts[-1].home / ".weft" / SWARM / names.log(FIRST_ID + HOSTS - 1)
        return last.exists()

    def _fab(self, group: ProcessGroup, *words: str) -> Child:
        argv, place = fabup.command(CHECKOUT, self._folder, *words)
        return group.start(f"fab {words[0]}", subprocess.Popen, argv, self._folder / fabup.ERRORS, **place)

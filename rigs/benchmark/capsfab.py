"""Caps that `fab up` sees to: what two seeds send together, and what the operator's machine carries by SSH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple

from netlab import Lab, addresses
from netlab.labhost import Host
from peer.core import folder as names
from peer.core.budget import MBIT
from rigs import workfolder
from rigs.benchmark import capsjudge
from rigs.benchmark.capslab import SECONDS, SETTLE
from rigs.benchmark.linkcounter import RECEIVED, SENT, LinkCounter
from rigs.benchmark.scenarios import MIB
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import FIRST_ID
from rigs.workfolder import LAB

HOSTS = 4
SWARM = "bench"
START_SECONDS = 60.0
MORE_SECONDS = 4.0  # that the payload lasts beyond those that are watched
ROOM = 1200 * MIB
_CHECKOUT = Path(__file__).resolve().parents[2]


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
    print("                 asked     mean  slowest to fastest    burst     late", flush=True)
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
        lab, case = self._lab, self._case
        size = round(sum(case.caps) * MBIT * (SECONDS + SETTLE + MORE_SECONDS))
        seeds = ", ".join(host.name for host in self._hosts[: case.seeds])
        return "\n".join(
            [
                f"swarm: {{name: {SWARM}, payload: {{generate: {size}}}, {case.key}: {case.caps[0]:g}}}",
                f"defaults: {{user: {lab.user}, key: {json.dumps(str(lab.key))},"
                f" known_hosts: {json.dumps(str(lab.known_hosts))}}}",
                "hosts:",
                *(f"  {host.name}: {{address: {host.address}{self._relay(host)}}}" for host in self._hosts),
                f"seeds: [{seeds}]",
                "",
            ]
        )

    def _relay(self, host: Host) -> str:
        return ", relay: true" if self._case.relayed and host in self._watched else ""

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
        environment = {**os.environ, "HOME": str(self._folder), "PYTHONPATH": str(_CHECKOUT)}
        argv = [sys.executable, "-m", "fabric", "--search-root", str(_CHECKOUT), *words]

        def launch(argv: List[str], **options: Any) -> "subprocess.Popen[Any]":
            return subprocess.Popen(argv, **options)

        return group.start(
            f"fab {words[0]}", launch, argv, self._folder / "fab.txt", cwd=str(self._folder), env=environment
        )

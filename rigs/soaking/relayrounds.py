"""Swarms with hosts that only SSH reaches, while hosts are cut off, agents are killed and the operator leaves.

After each round every host must have the payload, by the first `fab up` or, where that said what was in its way or was
interrupted, by the next one.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import List, Optional, Sequence

from netlab import Lab, addresses
from rigs.labinventory import lab_inventory
from rigs.soaking.operatorrun import Blow, Blows, Operator, Ran, count_wrong
from rigs.soaking.series import work_folder

HOSTS, RELAYED = 5, 2  # the last ones
RATE = 50.0  # Mbit/s
SIZE_MIB = 16
# No packet passes for a while; the agents of a host get KILL, and so its relay; the operator gets Ctrl-C.
PARTED, KILLED, LEFT = "cut", "kill", "leave"
KINDS = (PARTED, KILLED, LEFT)
_AGENT = r"exec.s\.read"  # in the command line of every agent, and of nothing else
_SPAN = 6.0  # seconds in which the blows fall: about what `fab up` takes by itself
_NEED = 512 << 20  # bytes for the lab
_LOOK = 0.02


def draw_blows(seed: str, number: int, hosts: Sequence[str]) -> List[Blow]:
    """The blows of a round, relayed hosts more often than others."""
    rng = Random(f"relay {seed} {number}")
    victims = [*hosts, *hosts[-RELAYED:], *hosts[-RELAYED:]]
    kinds = [rng.choice(KINDS) for _ in range(rng.choice((1, 1, 2)))]
    return [Blow(kind, rng.choice(victims), rng.uniform(0, _SPAN), rng.uniform(0.5, 8)) for kind in kinds]


def judge_runs(first: Ran, second: Optional[Ran], left: bool) -> List[str]:
    """Everything that shouldn't be. `left`: the operator was to leave during the first."""
    wrong = [f"a traceback: {ran.words.strip()[-300:]}" for ran in (first, second) if ran and "Traceback" in ran.words]
    if first.code and not first.words.strip():
        wrong.append(f"exit code {first.code} without a word")
    if left and first.code == 130 and "this machine" not in first.words:
        wrong.append("Ctrl-C didn't say what depends on this machine")
    if second is not None and second.code:
        wrong.append(f"the next `fab up`: exit code {second.code}: {second.words.strip()[-300:]}")
    if "relayed through this machine" not in (second or first).words and not first.code:
        wrong.append("nothing was relayed")
    return wrong


class RelayRounds:
    """The rounds in one lab, with an operator in `folder`."""

    def __init__(self, lab: Lab, folder: Path, seed: str) -> None:
        self._lab, self._folder, self._seed = lab, folder, seed
        self._operator = Operator(folder, Blows(self._is_due, self._deal, self._heal, _LOOK))
        self._started: Optional[float] = None  # when the peers were, after the command began
        self.befell: Counter[str] = Counter()
        self.again = 0

    def round(self, number: int) -> List[str]:
        """One swarm with its blows; what was wrong."""
        self._write(number)
        blows = draw_blows(self._seed, number, list(self._lab.hosts))
        self._started = None
        first = self._operator.run("up", "--plain", blows=blows)
        second = self._operator.run("up", "--plain") if first.code else None
        self.again += second is not None
        wrong = judge_runs(first, second, any(blow.kind == LEFT for blow in blows))
        self._operator.need("stop")
        self._operator.need("clean")
        return [f"{what} ({', '.join(map(str, blows))})" for what in wrong]

    def _is_due(self, blow: Blow, now: float) -> bool:
        """Blows count from when the first peer listens."""
        if self._started is None and "listens on port" in self._operator.said.read_text(errors="replace"):
            self._started = now
        return self._started is not None and blow.at <= now - self._started

    def _deal(self, blow: Blow, process: "subprocess.Popen[bytes]") -> None:
        self.befell[blow.kind] += 1
        if blow.kind == PARTED:
            self._lab.cut(blow.host)
        elif blow.kind == KILLED:
            self._lab.run(blow.host, ["pkill", "-KILL", "-f", _AGENT], check=False, root=True)
        else:
            process.send_signal(signal.SIGINT)

    def _heal(self, blow: Blow) -> None:
        if blow.kind == PARTED:
            self._lab.heal(blow.host)

    def _write(self, number: int) -> None:
        swarm = f"name: soak, payload: {{generate: {SIZE_MIB}MiB, seed: {number}, name: f.dat}}, patience: 40"
        hosts = list(self._lab.hosts.values())
        text = lab_inventory(self._lab, swarm, hosts[:1], relayed=hosts[-RELAYED:])
        (self._folder / "inventory.yaml").write_text(text)


def run(rounds: int, seed: str, only: Optional[int], work: Optional[Path]) -> int:
    """All rounds; the exit code: 1 where one went wrong. Raises RigError."""
    begun = time.monotonic()
    relayed = addresses.host_names(HOSTS)[-RELAYED:]
    with work_folder(work, _NEED) as folder, Lab.up(HOSTS, RATE, folder / "lab", only_ssh=relayed) as lab:
        (folder / "operator").mkdir()
        series = RelayRounds(lab, folder / "operator", seed)
        wrong = count_wrong(series.round, rounds, seed, only)
    befell = ", ".join(f"{count} {kind}" for kind, count in sorted(series.befell.items()))
    seconds = time.monotonic() - begun
    print(
        f"{rounds} relayed swarms of seed {seed} in {seconds:.0f} s, {wrong} wrong, {series.again} by a second", end=""
    )
    print(f" `fab up`; faults: {befell}")
    return 1 if wrong else 0

"""Turns to a release on the hosts of a lab, again and again, while hosts are killed, cut off, sealed or full meanwhile.

After each round every host must have the old release or the new one as `current`; if not all have the same, `fab` must
have named those that may lack the new one, and the way that it named must bring all of them together.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Dict, List, Optional, Sequence

from netlab import Lab, addresses
from rigs.labinventory import lab_inventory
from rigs.soaking.operatorrun import Blow, Blows, Operator, Ran, count_wrong
from rigs.soaking.series import work_folder

HOSTS = 4
RELEASES = ("r1", "r2")
# Its agents get KILL; no packet passes; its folder takes no change; its disk, which has the records too, takes no byte.
KILLED, PARTED, SEALED, FULL = "kill", "cut", "seal", "full"
KINDS = (KILLED, PARTED, SEALED, FULL)
_DISK = 16 << 20  # bytes of each host's disk
_FILLER = "filler"  # in the host's home
_NEED = 64 << 20  # bytes for the lab
_TOGETHER = 240.0  # seconds until the hosts have the same release again
_LOOK = 0.002
BETWEEN = -1.0  # of a blow: the moment between the two steps
_LIMIT = re.compile(r"--limit '([^']*)'")


def draw(seed: str, number: int, hosts: Sequence[str], span: float) -> List[Blow]:
    """The blows of a round: one or two hosts, at any moment of a command that takes `span` seconds by itself."""
    rng = Random(f"turn {seed} {number}")
    victims = rng.sample(list(hosts), rng.choice((1, 1, 2)))
    kinds = [rng.choice(KINDS) for _ in victims]
    moments = [rng.choice((BETWEEN, rng.uniform(0, span))) for _ in victims]
    return [Blow(kind, host, at, rng.uniform(0.2, 3)) for kind, host, at in zip(kinds, victims, moments)]


def judge(old: str, new: str, current: Dict[str, str], ran: Ran) -> List[str]:
    """Everything that shouldn't be after a turn from one release to another."""
    wrong = [f"{host} has {name or 'nothing'}" for host, name in current.items() if name not in (old, new)]
    late = {host for host, name in current.items() if name != new}
    if "Traceback" in ran.words:
        wrong.append("a traceback")
    if ran.code == 0 and late:
        wrong.append(f"exit code 0, and {', '.join(sorted(late))} has {old}")
    if 0 < len(late) < len(current):
        named = _LIMIT.search(ran.words)
        if named is None or not late <= set(named.group(1).split(",")):
            wrong.append(f"{', '.join(sorted(late))} has {old}, the others {new}, and no line names them")
    if ran.code and not ran.words.strip():
        wrong.append(f"exit code {ran.code} without a word")
    return wrong


def fill(path: Path) -> None:
    """Write a file there that takes all room that its disk has left."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 20))


class Turns:
    """The rounds in one lab, with an operator in `folder`."""

    def __init__(self, lab: Lab, folder: Path, seed: str) -> None:
        self._lab, self._folder, self._seed = lab, folder, seed
        self._operator = Operator(folder, Blows(self._is_due, self._deal, self._heal, _LOOK))
        self._span = 0.0
        self.befell: Counter[str] = Counter()
        self.mixed = 0

    def prepare(self) -> None:
        """Bring two releases, and see how long a turn takes. Raises RigError."""
        for number, name in enumerate(RELEASES):
            self._write(number)
            self._operator.need("up", "--run", name)
        begun = time.monotonic()
        self._operator.need("activate", "--release", RELEASES[0])
        self._span = time.monotonic() - begun

    def round(self, number: int) -> List[str]:
        """One turn with its blows; what was wrong."""
        old = next(iter(set(self._current().values())))
        new = next(name for name in RELEASES if name != old)
        blows = draw(self._seed, number, list(self._lab.hosts), self._span)
        self.befell.update(blow.kind for blow in blows)
        ran = self._operator.run("activate", "--release", new, blows=blows)
        current = self._current()
        wrong = judge(old, new, current, ran)
        if len(set(current.values())) > 1:
            self.mixed += 1
        return wrong + self._together(new)

    def _together(self, new: str) -> List[str]:
        """Take the way out that is named; what is wrong if it leads nowhere."""
        until = time.monotonic() + _TOGETHER
        ran = Ran(0, "")
        while len(set(self._current().values())) > 1:
            if time.monotonic() > until:
                return [f"`fab activate` didn't bring the hosts together: {ran.words.strip()[-300:]}"]
            ran = self._operator.run("activate", "--release", new)
        return []

    def _is_due(self, blow: Blow, now: float) -> bool:
        """Whether its moment has come, or its host has taken the first step and not the second."""
        return blow.at <= now if blow.at != BETWEEN else any(self._root(blow.host).glob(".weft-*"))

    def _deal(self, blow: Blow, _: "subprocess.Popen[bytes]") -> None:
        if blow.kind == KILLED:
            self._lab.run(blow.host, ["pkill", "-KILL", "-u", self._lab.user, "python3"], check=False, root=True)
        elif blow.kind == PARTED:
            self._lab.cut(blow.host)
        elif blow.kind == SEALED:
            self._root(blow.host).chmod(0o555)
        else:
            fill(self._lab.hosts[blow.host].home / _FILLER)

    def _heal(self, blow: Blow) -> None:
        if blow.kind == PARTED:
            self._lab.heal(blow.host)
        elif blow.kind == SEALED:
            self._root(blow.host).chmod(0o755)
        elif blow.kind == FULL:
            (self._lab.hosts[blow.host].home / _FILLER).unlink(missing_ok=True)

    def _root(self, host: str) -> Path:
        return self._lab.hosts[host].home / "app"

    def _current(self) -> Dict[str, str]:
        """The release that is current on each host; "" where none is."""
        found = {}
        for host in self._lab.hosts:
            link = self._root(host) / "current"
            found[host] = os.readlink(link).rpartition("/")[2] if link.is_symlink() else ""
        return found

    def _write(self, number: int) -> None:
        swarm = f"name: soak, payload: {{generate: 256KiB, seed: {number}, name: f.dat}}"
        seeds = list(self._lab.hosts.values())[:1]
        text = lab_inventory(self._lab, swarm, seeds, "destination: {releases: ~/app, keep: 3}")
        (self._folder / "inventory.yaml").write_text(text)


def _lab(directory: Path) -> Lab:
    return Lab.up(HOSTS, 0, directory, small_disks=dict.fromkeys(addresses.host_names(HOSTS), _DISK))


def run(rounds: int, seed: str, only: Optional[int], work: Optional[Path]) -> int:
    """All rounds; the exit code: 1 where one went wrong. Raises RigError."""
    with work_folder(work, _NEED) as folder, _lab(folder / "lab") as lab:
        (folder / "operator").mkdir()
        turns = Turns(lab, folder / "operator", seed)
        turns.prepare()
        wrong = count_wrong(turns.round, rounds, seed, only)
    befell = ", ".join(f"{count} {kind}" for kind, count in sorted(turns.befell.items()))
    print(
        f"{rounds} turns of seed {seed}, {wrong} wrong, {turns.mixed} that had to be brought together; faults: {befell}"
    )
    return 1 if wrong else 0

"""`again`: the next version of a payload to hosts that have the one before, by `fab up` and by rsync to each of them.

The first version comes over unshaped links and isn't measured. What counts is what the seed's link sends then, with
everything: logins, requests, the proof.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple, Sequence

from netlab import Lab
from rigs import accounting, fabup
from rigs.benchmark.copytools import Fanout, ssh_options
from rigs.benchmark.records import AgainRun
from rigs.benchmark.rounds import Care, schedule
from rigs.benchmark.scenarios import MIB, Scenario
from rigs.benchmark.site import Site
from rigs.benchmark.uplab import DEADLINE, WORKDIR, forget
from rigs.benchmark.userwork import is_same
from rigs.benchmark.versions import VERSIONS, Version, bytes_below, room_of
from rigs.errors import RigError
from rigs.labinventory import lab_inventory
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import ProcessGroup
from rigs.swarmdir import FIRST_ID
from rigs.workfolder import LAB

RECEIVERS = 7
MBIT = 100.0
SWARM, DATA, NAME = "again", "data", "payload"
RELEASES = f"{WORKDIR}/releases"
_DAY = 86400


class AgainOptions(NamedTuple):
    """`size`: bytes of a payload, 0 for the usual; some kinds are larger, most of it holes.

    `kinds`: names of VERSIONS; `tools`: those of the two that are wanted.
    """

    size: int = 0
    kinds: Sequence[str] = tuple(VERSIONS)
    tools: Sequence[str] = ("weft", "rsync")

    def size_of(self, kind: str) -> int:
        return (self.size or 256 * MIB) * VERSIONS[kind].scale


def room(asked: AgainOptions) -> int:
    """Bytes on the file system: old and new on each host."""
    return 2 * (RECEIVERS + 2) * asked.size_of("tree") + 64 * MIB


def run(folder: Path, asked: AgainOptions, runs: int, care: Care) -> Iterator[AgainRun]:
    """Each kind of change, with each tool in turns."""
    with Lab.up(RECEIVERS + 1, 0.0, folder / LAB) as lab:
        site = Site(lab, Scenario(SWARM, RECEIVERS, MBIT, asked.size_of("tree")), folder / NAME)
        both: List[FabAgain | RsyncAgain] = [FabAgain(site, folder / "operator"), RsyncAgain(site)]
        workers = [one for one in both if one.name in asked.tools and not one.missing()]
        for kind in asked.kinds:
            for number, worker in schedule(workers, runs):
                if care.calm:
                    accounting.wait_calm(care.calm)
                yield measure(site, worker, kind, VERSIONS[kind], asked.size_of(kind), number)


def measure(site: Site, worker: FabAgain | RsyncAgain, kind: str, version: Version, size: int, number: int) -> AgainRun:
    """One change, from a fresh start. A run that fails is a run with a problem."""
    payload = site.seed.home / DATA / NAME
    bare = AgainRun(kind, worker.name, RECEIVERS, size, number)
    try:
        _forget(site)
        payload.parent.mkdir()
        version.make(payload, size)
        _age(payload)
        _own(site, payload.parent)
        worker.first(version.back)
        older = shutil.copy2(payload, payload.with_name("older")) if version.back else payload
        bare = bare._replace(fresh=version.change(payload), size=bytes_below(payload))
        _own(site, payload.parent)
        if not version.back:
            return _again(site, worker, worker.again, bare, payload)
        worker.again()
        site.wait_empty()
        return _again(site, worker, worker.back, bare._replace(fresh=0), Path(older))
    except RigError as error:
        return bare._replace(problem=str(error))
    finally:
        site.wait_empty()
        _forget(site)


def _again(
    site: Site, worker: FabAgain | RsyncAgain, step: Callable[[], float], bare: AgainRun, payload: Path
) -> AgainRun:
    """The step that is measured; every copy has to be `payload` then."""
    for host in site.hosts:
        site.lab.rate(host.name, MBIT)
    watch, sent, begun = accounting.Watch(), site.sent_by_seed(), time.monotonic()
    try:
        cpu = step()
    finally:
        seconds = time.monotonic() - begun
        for host in site.hosts:
            site.lab.rate(host.name, 0.0)
    problems = [problem for copy in worker.copies() if (problem := _problem(payload, copy))]
    return bare._replace(
        problem=problems[0] if problems else "",
        seconds=seconds,
        sent=site.sent_by_seed() - sent,
        others=watch.stop(cpu).others,
    )


def _problem(payload: Path, copy: Path) -> str:
    """What is wrong with a copy: its bytes, or the room that it takes."""
    if not is_same(payload, copy):
        return f"{copy} isn't the payload"
    if payload.is_file() and room_of(copy) > room_of(payload) + MIB:
        return f"{copy} takes {room_of(copy)} bytes on the disk, and the payload {room_of(payload)}"
    return ""


def _forget(site: Site) -> None:
    forget(site.hosts)
    shutil.rmtree(site.seed.home / DATA, ignore_errors=True)


def _age(payload: Path) -> None:
    """The older version was written a day ago: rsync compares times by the second."""
    for path in (payload, *payload.rglob("*")):
        os.utime(path, (time.time() - _DAY,) * 2)


def _own(site: Site, folder: Path) -> None:
    """What lies on the seed belongs to its user."""
    subprocess.run(["chown", "-R", str(site.seed.uid), folder], check=True)


class FabAgain:
    """`fab up` of this checkout."""

    name = "weft"

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._releases = False

    def missing(self) -> str:
        return ""

    def first(self, releases: bool) -> None:
        """The older version, to stay as a release beside the next one, or to be replaced."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        self._releases = releases
        (self._folder / "inventory.yaml").write_text(inventory(self._site, releases))
        self.again()
        self._site.wait_empty()

    def again(self) -> float:
        """CPU seconds of the operator."""
        return self._walk("up")

    def back(self) -> float:
        """To the release before; CPU seconds of the operator."""
        return self._walk("rollback")

    def _walk(self, task: str) -> float:
        with ProcessGroup() as group:
            path = self._folder / "inventory.yaml"
            return fabup.walk(group, CHECKOUT, path, self._site.processes, DEADLINE, task=task).operator

    def copies(self) -> List[Path]:
        if self._releases:
            return [host.home / RELEASES / "current" / NAME for host in self._site.receivers]
        peers = enumerate(self._site.receivers, FIRST_ID + 1)
        return [host.home / WORKDIR / SWARM / f"peer_{peer}" / NAME for peer, host in peers]


def inventory(site: Site, releases: bool) -> str:
    """The text of an inventory of all hosts; the payload lies on the first."""
    swarm = f"name: {SWARM}, payload: {{path: {json.dumps(f'{site.seed.remote_home}/{DATA}/{NAME}')}}}"
    place = f", destination: {{releases: ~/{RELEASES}}}" if releases else ""
    return lab_inventory(site.lab, swarm, [site.seed], f"workdir: ~/{WORKDIR}{place}")


class RsyncAgain:
    """The seed's rsync to all receivers at once, by its delta algorithm; what it deletes, it deletes at the end."""

    name = "rsync"

    def __init__(self, site: Site) -> None:
        self._site = site

    def missing(self) -> str:
        return Fanout("rsync").missing()

    def first(self, releases: bool) -> None:
        site = self._site
        site.fresh()
        Fanout("rsync").prepare(site)
        for host in site.receivers:
            source = site.seed.home / DATA / NAME
            subprocess.run(["cp", "-a", "--sparse=always", source, site.folder(host)], check=True)
            subprocess.run(["chown", "-R", str(host.uid), site.folder(host)], check=True)

    def again(self) -> float:
        """CPU seconds of all rsyncs on the seed."""
        site = self._site
        with ProcessGroup() as group:
            children = []
            for host in site.receivers:
                argv = self._command(f"{host.user}@{host.address}:{site.remote(host)}/")
                log = site.folder(site.seed) / f"rsync_{host.name}.txt"
                children.append(group.start(f"rsync to {host.name}", site.seed.popen, argv, log))
            group.wait_ends(children, DEADLINE)
            return group.cpu

    def back(self) -> float:
        """The seed has the older version again; CPU seconds of all rsyncs there."""
        folder = self._site.seed.home / DATA
        shutil.copy2(folder / "older", folder / NAME)
        return self.again()

    def _command(self, target: str) -> Sequence[str]:
        source = f"{self._site.seed.remote_home}/{DATA}/{NAME}"
        remote = shlex.join(["ssh", *ssh_options(self._site)])
        return ["rsync", "--archive", "--sparse", "--delete-after", "-e", remote, source, target]

    def copies(self) -> List[Path]:
        return [self._site.folder(host) / NAME for host in self._site.receivers]

"""Whether caps bind: what crosses the link of a capped host, by its interface's counters, beside what was asked for."""

from __future__ import annotations

import itertools
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from netlab import Lab
from netlab.labhost import Host
from peer.core import budget
from peer.core import folder as names
from peer.core.config import PeerRow
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.sizes import format_size
from peer.edge.capfile import set_caps
from peer.edge.generate import write_file
from peer.edge.hashing import make_manifest
from rigs import accounting, peerprocess, swarmdir, workfolder
from rigs.benchmark import capsjudge
from rigs.benchmark.capsjudge import Found
from rigs.benchmark.linkcounter import LinkCounter
from rigs.benchmark.linkwatch import RECEIVED, SENT
from rigs.benchmark.rounds import Care
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import WeftOptions
from rigs.workfolder import LAB

HOSTS = 4  # the first is the capped one
RATES = (10, 50, 200)  # Mbit/s
UP, DOWN = "up", "down"
SECONDS = 5.0  # that each cap is watched
SETTLE = 1.0  # seconds after a change: from then on it holds
GATHER = 3.0  # seconds in which many programs that start take the CPU's time from all of them
STEPS = (50.0, 200.0, 10.0)  # the caps of a run in which they are changed
UPS_AND_DOWNS = (200.0, 10.0, 100.0, 1.0, 50.0)
ROOM = 700 * 2**20


class Case(NamedTuple):
    """One swarm: the direction that is capped, Mbit/s one after the other, TLS, peers on the capped host.

    `others`: peers on the other hosts, all of them neighbours; `piece_size` None: automatic.
    """

    direction: str
    caps: Tuple[float, ...]
    tls: bool
    peers: int
    others: int = HOSTS - 1
    piece_size: Optional[int] = None

    def __str__(self) -> str:
        pieces = f", {format_size(self.piece_size)}" if self.piece_size else ""
        return f"{self.direction:<5}{'TLS' if self.tls else 'plain':<6}{self.peers} to {self.others}{pieces}"


def cases() -> Iterator[Case]:
    """All that is measured."""
    for tls, peers, direction in itertools.product((False, True), (1, 2), (UP, DOWN)):
        for rate in RATES:
            yield Case(direction, (float(rate),), tls, peers)
    for tls, direction in itertools.product((False, True), (UP, DOWN)):
        yield Case(direction, STEPS, tls, 2)


def more_cases() -> Iterator[Case]:
    """What is harder: low caps, caps that go up and down, many neighbours, pieces that take many seconds."""
    for direction in (UP, DOWN):
        yield Case(direction, (1.0,), True, 1)
        yield Case(direction, UPS_AND_DOWNS, True, 1)
        yield Case(direction, (10.0,), True, 1, others=20)
        yield Case(direction, (10.0,), True, 1, piece_size=16 * 2**20)


def bind(work: Optional[Path], chosen: Iterable[Case], care: Care) -> bool:
    """Measure these; whether any cap doesn't hold. Raises RigError."""
    with workfolder.work_folder(work, ROOM) as folder:
        return run(folder, list(chosen), care)


def run(folder: Path, chosen: Sequence[Case], care: Care) -> bool:
    """Measure and tell; whether any cap doesn't hold."""
    peerprocess.compile_peer()
    failed = False
    print(f"caps: Mbit/s over {capsjudge.WINDOW:g} s, by the counters of the host's interface", flush=True)
    print(capsjudge.HEAD, flush=True)
    with Lab.up(HOSTS, 0, folder / LAB) as lab:
        for case in chosen:
            failed |= not _holds(lab, case, folder, care)
    return failed


def _holds(lab: Lab, case: Case, folder: Path, care: Care) -> bool:
    """Whether each cap holds, in the last of the tries: another follows where others disturbed one that doesn't."""
    for left in range(care.again, -1, -1):
        if care.calm:
            accounting.wait_calm(care.calm)
        watch = accounting.Watch()
        found, spent = _measure(lab, case, folder)
        others = watch.stop(spent).others
        for one in found:
            print(f"  {case}  {one}".rstrip(), flush=True)
        holds = all(one.holds for one in found)
        if holds or not left or others <= accounting.NOISE:
            break
        print(f"  others took {others:.0%} of the CPU: again", flush=True)
    return holds


def _measure(lab: Lab, case: Case, folder: Path) -> Tuple[List[Found], float]:
    """What was found for each cap, and the CPU seconds of the peers."""
    payload = folder / "payload.bin"
    write_file(payload, round(sum(case.caps) * budget.MBIT * (SECONDS + 2 * GATHER)), str(case))
    swarm = _Swarm(list(lab.hosts.values()), case, payload)
    group = ProcessGroup()
    try:
        with group, LinkCounter([swarm.capped], SENT if case.direction == UP else RECEIVED) as counter:
            swarm.start(group)
            found = swarm.watch(counter)
        return found, group.cpu
    finally:
        swarm.remove()
        payload.unlink()


class _Swarm:
    """One swarm on the lab's hosts: seeds on the capped host and receivers on the others (up), or the reverse."""

    def __init__(self, hosts: List[Host], case: Case, payload: Path) -> None:
        self._case = case
        self.capped, *others = hosts
        self._places = [self.capped] * case.peers + list(itertools.islice(itertools.cycle(others), case.others))
        self._manifest: Manifest = make_manifest(str(payload), case.piece_size)
        self._payload = payload
        ports: Dict[str, Iterator[int]] = {host.address: itertools.count(swarmdir.FIRST_PORT) for host in hosts}
        rows = swarmdir.rows([(host.address, next(ports[host.address])) for host in self._places])
        self._rows = tuple(
            row._replace(has_file=(host is self.capped) == (case.direction == UP))
            for row, host in zip(rows, self._places)
        )
        self._write()

    def _folder(self, host: Host) -> Path:
        return host.home / "run"

    def _write(self) -> None:
        options = WeftOptions(limits=Limits(degree=len(self._rows)), tls=self._case.tls)
        texts = swarmdir.fleet_texts(self._manifest, self._rows, options, uuid.uuid4().hex[:12])
        for host in dict.fromkeys(self._places):
            shutil.rmtree(self._folder(host), ignore_errors=True)
            self._folder(host).mkdir()
            swarmdir.write_texts(self._folder(host), texts)
        if self._case.tls:
            swarmdir.write_keys({row.peer_id: self._folder(host) for host, row in zip(self._places, self._rows)})
        for host, row in zip(self._places, self._rows):
            if row.has_file:
                copy = self._folder(host) / names.payload(row.peer_id)
                copy.mkdir()
                os.link(self._payload, copy / self._payload.name)
        self._set(self._case.caps[0])

    def _set(self, mbit: float) -> None:
        rate = mbit * budget.MBIT
        handle = os.open(self._folder(self.capped) / names.BUDGET, os.O_RDWR | os.O_CREAT, 0o600)
        set_caps(handle, *((rate, None) if self._case.direction == UP else (None, rate)))
        os.close(handle)

    def start(self, group: ProcessGroup) -> None:
        """The receivers last: from then on bytes flow."""
        for host, row in sorted(zip(self._places, self._rows), key=lambda one: not one[1].has_file):
            child = self._start(group, host, row)
            if row.has_file:
                peerprocess.wait_listening(group, child, self._folder(host), row.peer_id)

    def _start(self, group: ProcessGroup, host: Host, row: PeerRow) -> Child:
        argv = peerprocess.command(row.peer_id, f"{host.remote_home}/run", "peer")
        log = self._folder(host) / f"stderr_{row.peer_id}.txt"

        def launch(argv: List[str], **options: Any) -> Any:
            return host.popen(argv, root=True, **options)

        return group.start(f"peer {row.peer_id}", launch, argv, log, cwd=str(peerprocess.CHECKOUT))

    def watch(self, counter: LinkCounter) -> List[Found]:
        """What crosses the link under each cap: the first from the first bytes on, the others SETTLE after a change."""
        begun = counter.wait_flow(self._case.caps[0])
        if self._case.others >= HOSTS:
            time.sleep(GATHER)
            begun = counter.forget()
        found = []
        for place, cap in enumerate(self._case.caps):
            if place:
                self._set(cap)
                time.sleep(SETTLE)
                begun = counter.forget()
            time.sleep(max(0.0, begun + SECONDS - time.monotonic()))
            found.append(capsjudge.judge(counter.samples, cap, begun))
        return found

    def remove(self) -> None:
        """Make room."""
        for host in dict.fromkeys(self._places):
            shutil.rmtree(self._folder(host), ignore_errors=True)

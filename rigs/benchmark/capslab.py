"""Whether caps bind: what crosses the link of a capped host, by its interface's counters, beside what was asked for."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from netlab import Lab
from netlab.labhost import Host
from netlab.network import LINK
from peer.core import budget
from peer.core import folder as names
from peer.core.config import PeerRow
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.sizes import format_size
from peer.edge.capfile import set_caps
from peer.edge.generate import write_file
from peer.edge.hashing import make_manifest
from rigs import peerprocess, swarmdir, workfolder
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import WeftOptions
from rigs.workfolder import LAB

HOSTS = 4  # the first is the capped one
RATES = (10, 50, 200)  # Mbit/s
UP, DOWN = "up", "down"
SECONDS = 5.0  # that each cap is watched
WINDOW = 2.0  # seconds: over any of these the rate is right within ALLOWED
ALLOWED = 0.05
BURST = 0.25  # seconds of the cap: at most so much more than it allows at any time
SETTLE = 3.0  # seconds after a change until what was on its way has come
SAMPLE = 0.02
STEPS = (50.0, 200.0, 10.0)  # the caps of a run in which they are changed
UPS_AND_DOWNS = (200.0, 10.0, 100.0, 1.0, 50.0)
ROOM = 700 * 2**20
_RECEIVED, _SENT = 0, 8  # fields of /proc/net/dev, behind the interface's name


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


class Found(NamedTuple):
    """For one cap: the mean rate, the slowest and the fastest WINDOW in Mbit/s; the largest burst in seconds of it."""

    cap: float
    mean: float
    least: float
    most: float
    burst: float

    @property
    def holds(self) -> bool:
        """Whether it is as asked."""
        within = all(abs(rate / self.cap - 1) <= ALLOWED for rate in (self.mean, self.least, self.most))
        return within and self.burst <= BURST

    def __str__(self) -> str:
        rates = f"{self.mean:7.2f}  {self.least:7.2f} to {self.most:7.2f}"
        return f"{self.cap:5g}  {rates}  {1000 * self.burst:5.0f} ms  {'' if self.holds else 'NO'}"


Sample = Tuple[float, int]  # steady clock; bytes so far


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


def bind(work: Optional[Path], chosen: Iterable[Case]) -> bool:
    """Measure these; whether any cap doesn't hold. Raises RigError."""
    with workfolder.work_folder(work, ROOM) as folder:
        return run(folder, list(chosen))


def run(folder: Path, chosen: Sequence[Case]) -> bool:
    """Measure and tell; whether any cap doesn't hold."""
    peerprocess.compile_peer()
    failed = False
    print(f"caps: Mbit/s over {WINDOW:g} s, by the counters of the host's interface", flush=True)
    print("                 asked     mean  slowest to fastest   burst", flush=True)
    with Lab.up(HOSTS, 0, folder / LAB) as lab:
        for case in chosen:
            for found in _measure(lab, case, folder):
                failed |= not found.holds
                print(f"  {case}  {found}", flush=True)
    return failed


def _measure(lab: Lab, case: Case, folder: Path) -> List[Found]:
    payload = folder / "payload.bin"
    write_file(payload, round(sum(case.caps) * budget.MBIT * (SECONDS + 2 * SETTLE)), str(case))
    swarm = _Swarm(list(lab.hosts.values()), case, payload)
    group = ProcessGroup()
    try:
        with group:
            swarm.start(group)
            return swarm.watch()
    finally:
        swarm.remove()
        payload.unlink()


class _Swarm:
    """One swarm on the lab's hosts: seeds on the capped host and receivers on the others (up), or the reverse."""

    def __init__(self, hosts: List[Host], case: Case, payload: Path) -> None:
        self._case = case
        self._capped, *others = hosts
        self._places = [self._capped] * case.peers + list(itertools.islice(itertools.cycle(others), case.others))
        self._manifest: Manifest = make_manifest(str(payload), case.piece_size)
        self._payload = payload
        ports: Dict[str, Iterator[int]] = {host.address: itertools.count(swarmdir.FIRST_PORT) for host in hosts}
        rows = swarmdir.rows([(host.address, next(ports[host.address])) for host in self._places])
        self._rows = tuple(
            row._replace(has_file=(host is self._capped) == (case.direction == UP))
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
        handle = os.open(self._folder(self._capped) / names.BUDGET, os.O_RDWR | os.O_CREAT, 0o600)
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

    def watch(self) -> List[Found]:
        """What crosses the link under each cap."""
        found = []
        counter = _Counter(self._capped, self._case.direction)
        counter.wait_flow()
        if self._case.others >= HOSTS:
            time.sleep(SETTLE)  # the start of so many programs takes the CPU's time from all of them
        for place, cap in enumerate(self._case.caps):
            if place:
                self._set(cap)
                time.sleep(SETTLE)
            found.append(judge(counter.samples(SECONDS), cap))
        return found

    def remove(self) -> None:
        """Make room."""
        for host in dict.fromkeys(self._places):
            shutil.rmtree(self._folder(host), ignore_errors=True)


class _Counter:
    """The counter of a host's interface."""

    def __init__(self, host: Host, direction: str) -> None:
        self._path = f"/proc/{host.pid}/net/dev"
        self._field = _SENT if direction == UP else _RECEIVED
        self._pause = threading.Event()

    def wait_flow(self) -> None:
        """Until the payload flows."""
        before = self._read()
        while self._read() < before + 64 * 1024:
            self._pause.wait(0.002)

    def samples(self, seconds: float) -> List[Sample]:
        """The counter for so long."""
        end = time.monotonic() + seconds
        found = [(time.monotonic(), self._read())]
        while time.monotonic() < end:
            self._pause.wait(SAMPLE)
            found.append((time.monotonic(), self._read()))
        return found

    def _read(self) -> int:
        with open(self._path) as file:
            line = next(line for line in file if line.strip().startswith(f"{LINK}:"))
        return int(line.partition(":")[2].split()[self._field])


def judge(samples: Sequence[Sample], cap: float) -> Found:
    """How well the counter keeps to a cap."""
    (begun, first), (ended, last) = samples[0], samples[-1]
    rates: List[float] = []
    low = 0
    for now, count in samples:
        while low + 1 < len(samples) and now - samples[low + 1][0] >= WINDOW:
            low += 1
        if now - samples[low][0] >= WINDOW:
            rates.append(_mbit(count - samples[low][1], now - samples[low][0]))
    return Found(cap, _mbit(last - first, ended - begun), min(rates), max(rates), _burst(samples, cap))


def _burst(samples: Sequence[Sample], cap: float) -> float:
    """The most that came in any stretch beyond what the cap allows in it, in seconds of the cap."""
    most = lowest = 0.0
    for now, count in samples:
        beyond = count / (cap * budget.MBIT) - now
        lowest = beyond if now == samples[0][0] else min(lowest, beyond)
        most = max(most, beyond - lowest)
    return most


def _mbit(count: int, seconds: float) -> float:
    return count / seconds / budget.MBIT

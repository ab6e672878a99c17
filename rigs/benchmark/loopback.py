"""Swarms of many peers on this one machine, over loopback: `scale` (fleet) and `classic`."""

from __future__ import annotations

import filecmp
import os
import statistics
import subprocess
import uuid
from functools import partial
from pathlib import Path
from typing import Dict, Iterable, Iterator, NamedTuple

from peer.core import graph
from peer.core.config import Common
from peer.core.sizes import format_size
from peer.core.swarmfile import folder_texts
from peer.edge.generate import write_file
from peer.edge.hashing import make_manifest
from rigs import accounting, peerprocess, swarmdir
from rigs.benchmark import warm
from rigs.benchmark.records import LocalRun
from rigs.benchmark.rounds import Care, careful
from rigs.benchmark.scenarios import KIB, MIB
from rigs.errors import RigError
from rigs.freeports import free_ports
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import Rows, WeftOptions
from rigs.workfolder import remove

PAYLOAD = "payload.bin"
SCALE_SIZES = (10, 30, 60, 100)
SCALE_BYTES = 64 * MIB
PEER_BYTES = 30 * MIB  # of memory that one process may take
CLASSIC_PEERS, CLASSIC_BYTES = 5, 20 * MIB
CLASSIC_COMMON = Common(2, 1, 2, PAYLOAD, CLASSIC_BYTES, 16 * KIB)
_TOLD = (b"received the '", b"choked by ")  # haves, interest and its end; chokes and unchokes
_PIECE = b" has downloaded the piece "
DEADLINE = 600.0
TITLES = {
    "scale": f"scale: {', '.join(map(str, SCALE_SIZES))} fleet peers on loopback, {format_size(SCALE_BYTES)}",
    "classic": f"classic: {CLASSIC_PEERS} classic peers on loopback, {format_size(CLASSIC_BYTES)} in pieces of 16 KiB",
}


class LocalSwarm:
    """The peers of one run, all in one working directory."""

    def __init__(self, folder: Path, rows: Rows, texts: Dict[str, str], payload: Path, tls: bool) -> None:
        self._folder = folder
        self._rows = rows
        self._payload = payload
        folder.mkdir()
        swarmdir.write_texts(folder, texts)
        peerprocess.push(folder)
        if tls:
            swarmdir.write_keys({row.peer_id: folder for row in rows})
        self._copy(rows[0].peer_id).parent.mkdir()
        os.link(payload, self._copy(rows[0].peer_id))

    def run_fleet(self, group: ProcessGroup) -> float:
        """Seconds from the first receiver's start, the seed listening, to the last copy under its final name."""
        seed = self._start(group, self._rows[0].peer_id)
        peerprocess.wait_listening(group, seed, self._folder, self._rows[0].peer_id)
        children = [self._start(group, row.peer_id) for row in self._rows[1:]]
        group.wait_ends([*children, seed], DEADLINE)
        done = max(peerprocess.finished_at(self._copy(row.peer_id)) for row in self._rows[1:])
        return done - children[0].begun

    def run_classic(self, group: ProcessGroup) -> float:
        """Seconds from the first peer's start to the last one's exit."""
        children = [self._start(group, row.peer_id) for row in self._rows]
        group.wait_ends(children, DEADLINE)
        return max(child.ended for child in children) - children[0].begun

    def problem(self) -> str:
        """The first peer whose copy isn't the payload; "" if all are."""
        for row in self._rows[1:]:
            if not filecmp.cmp(self._payload, self._copy(row.peer_id), shallow=False):
                return f"peer {row.peer_id}: its copy isn't the payload"
        return ""

    def messages(self) -> float:
        """Messages a piece, by all event logs."""
        return count(path.read_bytes() for path in self._folder.glob("log_peer_*.log")).a_piece

    def _copy(self, peer_id: int) -> Path:
        return self._folder / f"peer_{peer_id}" / self._payload.name

    def _start(self, group: ProcessGroup, peer_id: int) -> Child:
        argv, log = peerprocess.pushed_command(peer_id, str(self._folder)), self._folder / f"stderr_{peer_id}.txt"
        return group.start(f"peer {peer_id}", subprocess.Popen, argv, log, cwd=str(peerprocess.CHECKOUT))


def scale_room() -> int:
    """Bytes on the file system, and for the processes where that is in memory."""
    return (max(SCALE_SIZES) + 1) * (SCALE_BYTES + PEER_BYTES)


def classic_room() -> int:
    return 2 * CLASSIC_PEERS * CLASSIC_BYTES


def scale(folder: Path, weft: WeftOptions, runs: int, care: Care) -> Iterator[LocalRun]:
    """Fleet swarms of growing size."""
    payload = _payload(folder, SCALE_BYTES)
    manifest = make_manifest(str(payload), weft.piece_size)
    for count in SCALE_SIZES:
        rows = _rows(count)
        near = _neighbours(rows, weft.limits.degree)
        for number in range(1, runs + 1):
            texts = swarmdir.fleet_texts(manifest, rows, weft, uuid.uuid4().hex[:12])
            bare = LocalRun("scale", count, number, neighbours=near)
            yield from careful(care, partial(_measure, bare, payload, rows, texts, weft.tls))
    payload.unlink()


def classic(folder: Path, runs: int, care: Care) -> Iterator[LocalRun]:
    """Classic swarms, as a course runs them."""
    payload = _payload(folder, CLASSIC_BYTES)
    rows = _rows(CLASSIC_PEERS)
    texts = folder_texts(CLASSIC_COMMON, rows)
    for number in range(1, runs + 1):
        bare = LocalRun("classic", CLASSIC_PEERS, number, neighbours=CLASSIC_PEERS - 1)
        yield from careful(care, partial(_measure, bare, payload, rows, texts))
    payload.unlink()


def _neighbours(rows: Rows, degree: int) -> float:
    """How many a peer has, on average."""
    ids = [row.peer_id for row in rows]
    return statistics.mean(len(graph.neighbours(me, ids, degree)) for me in ids)


def _measure(bare: LocalRun, payload: Path, rows: Rows, texts: Dict[str, str], tls: bool = False) -> LocalRun:
    folder = payload.parent / "swarm"
    swarm = LocalSwarm(folder, rows, texts, payload, tls)
    with warm.touched(bare.peers * (payload.stat().st_size + PEER_BYTES)):
        return _run(bare, swarm, folder)


def _run(bare: LocalRun, swarm: LocalSwarm, folder: Path) -> LocalRun:
    watch = accounting.Watch()
    group = ProcessGroup(sample_seconds=0.5 if bare.peers > 20 else 0.2)
    try:
        with group:
            seconds = (swarm.run_classic if bare.what == "classic" else swarm.run_fleet)(group)
        return bare._replace(
            problem=swarm.problem(),
            seconds=seconds,
            cpu=group.cpu,
            peak=max(child.peak for child in group.children),
            files=max(child.files for child in group.children),
            messages=swarm.messages(),
            others=watch.stop(group.cpu).others,
        )
    except RigError as error:
        return bare._replace(problem=str(error))
    finally:
        remove(folder)


def _payload(folder: Path, size: int) -> Path:
    peerprocess.compile_peer()
    write_file(folder / PAYLOAD, size, "local")
    return folder / PAYLOAD


def _rows(count: int) -> Rows:
    return swarmdir.rows([("127.0.0.1", port) for port in free_ports(count)])


class Counted(NamedTuple):
    """Messages that came in, pieces among them, and the requests those answered."""

    messages: int
    pieces: int

    @property
    def a_piece(self) -> float:
        """Messages for each piece delivered."""
        return self.messages / self.pieces if self.pieces else 0.0


def count(logs: Iterable[bytes]) -> Counted:
    """What these logs tell; bitfields and what no log names are left out."""
    messages = pieces = 0
    for log in logs:
        found = log.count(_PIECE)
        pieces += found
        messages += 2 * found + sum(log.count(words) for words in _TOLD)
    return Counted(messages, pieces)

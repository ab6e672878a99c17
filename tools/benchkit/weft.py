"""This project's own peers, started straight from the checkout on each host."""

from __future__ import annotations

import compileall
import os
import sys
import uuid
from pathlib import Path
from typing import Any, Dict, Optional

import peer
from peer.core import status
from peer.core.manifest import Manifest
from peer.edge.making import make_manifest
from tools.benchkit import weftfiles
from tools.benchkit.crew import Crew, Member
from tools.benchkit.errors import BenchError
from tools.benchkit.site import Site
from tools.benchkit.tool import Outcome
from tools.benchkit.weftfiles import Wish
from tools.labkit.host import Host

CHECKOUT = Path(peer.__file__).resolve().parents[1]
READY_SECONDS = 30.0
FACT_SECONDS = 0.01  # between two looks at a status file


def python() -> str:
    """The interpreter itself, not a virtual environment's, whose start reads more than a bare host's does."""
    return str(getattr(sys, "_base_executable", sys.executable))


def command(peer_id: int, folder: str) -> "list[str]":
    """As a deployment starts a peer: nothing of the user's own Python settings takes part."""
    return [python(), "-s", "-E", "-m", "peer", str(peer_id), "--dir", folder]


def read_status(folder: Path, peer_id: int) -> Optional[status.Status]:
    try:
        return status.parse_status((folder / status.file_name(peer_id)).read_text())
    except (OSError, ValueError):
        return None


class Weft:
    """A fleet swarm; its verified copy is there when it has its final name."""

    def __init__(self, wish: Wish, name: str = "weft") -> None:
        self.name = name
        self._wish = wish
        self._manifest: Optional[Manifest] = None

    def missing(self) -> str:
        return "peers don't speak TLS yet" if self._wish.tls else ""

    def prepare(self, site: Site) -> None:
        compileall.compile_dir(CHECKOUT / "peer", quiet=2)
        self._manifest = make_manifest(str(site.payload), self._wish.piece_size)

    def run(self, site: Site, crew: Crew) -> Outcome:
        assert self._manifest
        peers = weftfiles.rows([host.address for host in site.hosts])
        ids = {host.name: row.peer_id for host, row in zip(site.hosts, peers)}
        texts = weftfiles.swarm_texts(self._manifest, peers, self._wish, uuid.uuid4().hex[:12])
        for host in site.hosts:
            weftfiles.write_texts(site.folder(host), texts)
        site.lend(site.seed, site.folder(site.seed) / f"peer_{peers[0].peer_id}")

        def start(host: Host) -> Member:
            argv = command(ids[host.name], site.remote(host))
            log = site.folder(host) / f"stderr_{ids[host.name]}.txt"
            return crew.start(f"weft on {host.name}", site.launcher(host), argv, log, cwd=str(CHECKOUT))

        seed = start(site.seed)
        _wait_listening(crew, seed, site.folder(site.seed), peers[0].peer_id)
        members = [start(host) for host in site.receivers]
        crew.wait_ends([*members, seed], site.scenario.deadline)
        done = {host.name: os.stat(self.copy(site, host)).st_ctime for host in site.receivers}
        return Outcome(members[0].begun, done, self._details(site, ids))

    def copy(self, site: Site, host: Host) -> Path:
        """Its rename is the last change to the file's inode, so ctime tells when the copy had its final name."""
        assert self._manifest
        peer_id = weftfiles.FIRST_ID + site.hosts.index(host)
        return site.folder(host) / f"peer_{peer_id}" / self._manifest.name

    def _details(self, site: Site, ids: Dict[str, int]) -> Dict[str, Any]:
        last = {host.name: read_status(site.folder(host), ids[host.name]) for host in site.hosts}
        size = site.payload.stat().st_size
        down = [found.bytes_down / size for name, found in last.items() if found and name != site.seed.name]
        return {
            "piece_size": self._manifest.piece_size if self._manifest else 0,
            "limits": self._wish.limits._asdict(),
            "tls": self._wish.tls,
            "received_copies": round(sum(down) / max(1, len(down)), 4),
            "sent_copies": {name: round(found.bytes_up / size, 4) for name, found in last.items() if found},
        }


def _wait_listening(crew: Crew, seed: Member, folder: Path, peer_id: int) -> None:
    def listening() -> bool:
        if seed.code is not None:
            raise BenchError(f"{seed.name}: exit code {seed.code}: {seed.last_words}")
        found = read_status(folder, peer_id)
        return bool(found and found.listening)

    crew.wait(listening, READY_SECONDS, f"{seed.name}: no sign that it listens", FACT_SECONDS)

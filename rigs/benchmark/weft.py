"""This project's own peers in the lab, started straight from the checkout on each host."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from netlab.labhost import Host
from peer.core.config import PeerRow
from peer.core.manifest import Manifest
from peer.edge.hashing import make_manifest
from rigs import keys, peerprocess, swarmdir
from rigs.benchmark.site import Site
from rigs.benchmark.tool import Outcome
from rigs.procgroup import Crew, Member
from rigs.swarmdir import Wish


class Weft:
    """A fleet swarm; its verified copy is there when it has its final name."""

    def __init__(self, wish: Wish, name: str = "weft") -> None:
        self.name = name
        self._wish = wish
        self._manifest: Optional[Manifest] = None

    def missing(self) -> str:
        return keys.missing() if self._wish.tls else ""

    def prepare(self, site: Site) -> None:
        peerprocess.compile_peer()
        self._manifest = make_manifest(str(site.payload), self._wish.piece_size)

    def run(self, site: Site, crew: Crew) -> Outcome:
        rows = self._write(site)
        seed = self._start(site, crew, site.seed, rows[0])
        peerprocess.wait_listening(crew, seed, site.folder(site.seed), rows[0].peer_id)
        members = [self._start(site, crew, host, row) for host, row in zip(site.receivers, rows[1:])]
        crew.wait_ends([*members, seed], site.scenario.deadline)
        done = {host.name: peerprocess.finished_at(self.copy(site, host)) for host in site.receivers}
        return Outcome(members[0].begun, done, self._details(site, rows))

    def copy(self, site: Site, host: Host) -> Path:
        assert self._manifest
        peer_id = swarmdir.FIRST_ID + site.hosts.index(host)
        return site.folder(host) / f"peer_{peer_id}" / self._manifest.name

    def _write(self, site: Site) -> Tuple[PeerRow, ...]:
        """What a deployment would have put on each host."""
        assert self._manifest
        rows = swarmdir.rows([(host.address, swarmdir.FIRST_PORT) for host in site.hosts])
        texts = swarmdir.fleet_texts(self._manifest, rows, self._wish, uuid.uuid4().hex[:12])
        for host in site.hosts:
            swarmdir.write_texts(site.folder(host), texts)
        if self._wish.tls:
            keys.write({row.peer_id: site.folder(host) for host, row in zip(site.hosts, rows)})
        site.lend(site.seed, site.folder(site.seed) / f"peer_{rows[0].peer_id}")
        return rows

    def _start(self, site: Site, crew: Crew, host: Host, row: PeerRow) -> Member:
        argv = peerprocess.command(row.peer_id, site.remote(host))
        log = site.folder(host) / f"stderr_{row.peer_id}.txt"
        return crew.start(f"weft on {host.name}", site.launcher(host), argv, log, cwd=str(peerprocess.CHECKOUT))

    def _details(self, site: Site, rows: Tuple[PeerRow, ...]) -> Dict[str, Any]:
        """What the peers' last statuses say, in copies of the payload."""
        assert self._manifest
        found = {
            row.peer_id: peerprocess.read_status(site.folder(host), row.peer_id) for host, row in zip(site.hosts, rows)
        }
        size = self._manifest.size
        return {
            "piece_size": self._manifest.piece_size,
            "limits": self._wish.limits._asdict(),
            "tls": self._wish.tls,
            "received": {peer: round(last.bytes_down / size, 4) for peer, last in found.items() if last},
            "sent": {peer: round(last.bytes_up / size, 4) for peer, last in found.items() if last},
        }

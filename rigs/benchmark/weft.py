"""This project's own peers in the lab, as a deployment puts them on each host and starts them there."""

from __future__ import annotations

import time
import uuid
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from netlab.labhost import Host
from peer.core.config import PeerRow
from peer.core.manifest import Manifest, auto_piece_size
from peer.edge.hashing import make_manifest
from rigs import peerprocess, swarmdir
from rigs.benchmark import timeline, tracedpeer
from rigs.benchmark.linkwatch import LinkWatch
from rigs.benchmark.site import Outcome, Site
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import WeftOptions
from tools.sim.limit import BYTES_PER_MBIT


class Weft:
    """A fleet swarm; its verified copy is there when it has its final name, and on the disk by then.

    `aware`: where the hosts are in zones, the peers know of them. `module`: what is run from the checkout as
    a peer; "" for the peer that a deployment puts on a host.
    """

    def __init__(self, weft: WeftOptions, name: str = "weft", module: str = "", aware: bool = True) -> None:
        self.name = name
        self._module = tracedpeer.__name__ if weft.trace else module
        self._options = weft
        self._aware = aware
        self._manifest: Optional[Manifest] = None

    def missing(self) -> str:
        return swarmdir.no_tls() if self._options.tls else ""

    def prepare(self, site: Site) -> None:
        peerprocess.compile_peer()
        piece_size = self._options.piece_size or auto_piece_size(site.scenario.size, site.scenario.hosts)
        self._manifest = make_manifest(str(site.payload), piece_size)

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        rows = self._write(site)
        seed = self._start(site, group, site.seed, rows[0])
        peerprocess.wait_listening(group, seed, site.folder(site.seed), rows[0].peer_id)
        watch = LinkWatch(site.seed)
        with watch if self._options.trace else nullcontext():
            children = [self._start(site, group, host, row) for host, row in zip(site.receivers, rows[1:])]
            group.wait_ends([*children, seed], site.scenario.deadline)
        done = {host.name: peerprocess.finished_at(self.copy(site, host)) for host in site.receivers}
        details = self._details(site, rows)
        if self._options.trace:
            details["timeline"] = self._timeline(site, rows, watch, (children[0].begun, max(done.values())))
        return Outcome(children[0].begun, done, details, synced=True)

    def copy(self, site: Site, host: Host) -> Path:
        assert self._manifest
        peer_id = swarmdir.FIRST_ID + site.hosts.index(host)
        return site.folder(host) / f"peer_{peer_id}" / self._manifest.name

    def _write(self, site: Site) -> Tuple[PeerRow, ...]:
        """What a deployment would have put on each host."""
        assert self._manifest
        rows = swarmdir.rows([(host.address, swarmdir.FIRST_PORT) for host in site.hosts])
        zones = site.zones() if self._aware else {}
        zoned = [(row.peer_id, zones[host.name]) for host, row in zip(site.hosts, rows) if host.name in zones]
        texts = swarmdir.fleet_texts(self._manifest, rows, self._options, uuid.uuid4().hex[:12], zoned)
        for host in site.hosts:
            swarmdir.write_texts(site.folder(host), texts)
            peerprocess.push(site.folder(host))
        if self._options.tls:
            swarmdir.write_keys({row.peer_id: site.folder(host) for host, row in zip(site.hosts, rows)})
        site.lend(site.seed, site.folder(site.seed) / f"peer_{rows[0].peer_id}")
        return rows

    def _start(self, site: Site, group: ProcessGroup, host: Host, row: PeerRow) -> Child:
        argv = self._command(row.peer_id, site.remote(host))
        log = site.folder(host) / f"stderr_{row.peer_id}.txt"
        return group.start(f"weft on {host.name}", site.launcher(host), argv, log, cwd=str(peerprocess.CHECKOUT))

    def _command(self, peer_id: int, folder: str) -> List[str]:
        if self._module:
            return peerprocess.command(peer_id, folder, self._module)
        return peerprocess.pushed_command(peer_id, folder)

    def _timeline(
        self, site: Site, rows: Tuple[PeerRow, ...], watch: LinkWatch, span: Tuple[float, float]
    ) -> List[str]:
        """`span`: first start and last copy, since the epoch."""
        assert self._manifest
        notes = {
            row.peer_id: tracedpeer.read(site.folder(host) / tracedpeer.name_of(row.peer_id))
            for host, row in zip(site.hosts, rows)
        }
        shift = time.monotonic() - time.time()
        rate = site.scenario.rate * BYTES_PER_MBIT
        steady = (span[0] + shift, span[1] + shift)
        seed, total = rows[0].peer_id, self._manifest.piece_count
        return timeline.lines(timeline.find(watch.samples, rate, notes, seed, total, steady))

    def _details(self, site: Site, rows: Tuple[PeerRow, ...]) -> Dict[str, Any]:
        """What the peers' last statuses say, in copies of the payload."""
        assert self._manifest
        found = {
            row.peer_id: peerprocess.read_status(site.folder(host), row.peer_id) for host, row in zip(site.hosts, rows)
        }
        size = self._manifest.size
        return {
            "piece_size": self._manifest.piece_size,
            "limits": self._options.limits._asdict(),
            "tls": self._options.tls,
            "received": {peer: round(last.bytes_down / size, 4) for peer, last in found.items() if last},
            "sent": {peer: round(last.bytes_up / size, 4) for peer, last in found.items() if last},
        }

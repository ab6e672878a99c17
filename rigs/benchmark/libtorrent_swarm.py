"""libtorrent, tuned: on each host a small program (libtorrent_peer.py) that runs one session."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Dict, Optional

from netlab.labhost import Host
from rigs.benchmark import libtorrent_peer, torrent
from rigs.benchmark.site import Outcome, Site
from rigs.benchmark.torrent import Torrent
from rigs.errors import RigError
from rigs.procgroup import Child, ProcessGroup

PORT = 6881
READY_SECONDS = 30.0
FACT_SECONDS = 0.02

TORRENT, JOB, SAID = "payload.torrent", "job.json", "libtorrent.txt"


class Libtorrent:
    """A swarm of libtorrent sessions that are told of one another, so that no tracker's pace takes part."""

    name = "libtorrent"

    def __init__(self) -> None:
        self._torrent: Optional[Torrent] = None

    def missing(self) -> str:
        found = importlib.util.find_spec("libtorrent")
        return "" if found else "libtorrent is not installed: pip install '.[bench]'"

    def prepare(self, site: Site) -> None:
        self._torrent = torrent.make(site.payload)

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        site.lend(site.seed, site.folder(site.seed))
        seed = self._start(site, group, site.seed)
        group.wait(lambda: "listening" in _said(site, group, site.seed), READY_SECONDS, seed.name, FACT_SECONDS)
        children = [self._start(site, group, host) for host in site.receivers]

        def complete() -> bool:
            return all("complete" in _said(site, group, host) for host in site.receivers)

        group.wait(complete, site.scenario.deadline, "libtorrent's receivers", FACT_SECONDS)
        done = {host.name: _said(site, group, host)["complete"] for host in site.receivers}
        return Outcome(children[0].begun, done, {"settings": libtorrent_peer.TUNED})

    def copy(self, site: Site, host: Host) -> Path:
        return site.folder(host) / site.payload.name

    def _start(self, site: Site, group: ProcessGroup, host: Host) -> Child:
        assert self._torrent
        folder = site.folder(host)
        (folder / TORRENT).write_bytes(self._torrent.data)
        job = {
            "torrent": f"{site.remote(host)}/{TORRENT}",
            "folder": site.remote(host),
            "listen": f"{host.address}:{PORT}",
            "seed": host is site.seed,
            # Each dials those before it, so every pair of hosts has one connection.
            "dial": [[other.address, PORT] for other in site.hosts[: site.hosts.index(host)]],
        }
        (folder / JOB).write_text(json.dumps(job))
        argv = [sys.executable, libtorrent_peer.__file__, f"{site.remote(host)}/{JOB}"]
        return group.start(f"libtorrent on {host.name}", site.launcher(host), argv, folder / SAID)


def _said(site: Site, group: ProcessGroup, host: Host) -> Dict[str, float]:
    """What a session has reported so far: a word and its time. Raises RigError if it has ended."""
    for child in group.children:
        if child.code is not None:
            raise RigError(f"{child.name}: ended early with exit code {child.code}: {child.last_words}")
    lines = (site.folder(host) / SAID).read_text(errors="replace").splitlines()
    words = (line.split() for line in lines)
    return {pair[0]: float(pair[1]) for pair in words if len(pair) == 2 and pair[0] in libtorrent_peer.WORDS}

"""libtorrent, tuned: on each host a small program (libtorrent_peer.py) that runs one session."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Dict, Optional

from netlab.labhost import Host
from rigs.benchmark import libtorrent_peer, torrent
from rigs.benchmark.site import Site
from rigs.benchmark.tool import Outcome
from rigs.benchmark.torrent import Torrent
from rigs.errors import BenchError
from rigs.procgroup import Crew, Member

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

    def run(self, site: Site, crew: Crew) -> Outcome:
        site.lend(site.seed, site.folder(site.seed))
        seed = self._start(site, crew, site.seed)
        crew.wait(lambda: "listening" in _said(site, crew, site.seed), READY_SECONDS, seed.name, FACT_SECONDS)
        members = [self._start(site, crew, host) for host in site.receivers]

        def complete() -> bool:
            return all("complete" in _said(site, crew, host) for host in site.receivers)

        crew.wait(complete, site.scenario.deadline, "libtorrent's receivers", FACT_SECONDS)
        done = {host.name: _said(site, crew, host)["complete"] for host in site.receivers}
        return Outcome(members[0].begun, done, {"settings": libtorrent_peer.TUNED})

    def copy(self, site: Site, host: Host) -> Path:
        return site.folder(host) / site.payload.name

    def _start(self, site: Site, crew: Crew, host: Host) -> Member:
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
        return crew.start(f"libtorrent on {host.name}", site.launcher(host), argv, folder / SAID)


def _said(site: Site, crew: Crew, host: Host) -> Dict[str, float]:
    """What a session has reported so far: a word and its time. Raises BenchError if it has ended."""
    for member in crew.members:
        if member.code is not None:
            raise BenchError(f"{member.name}: ended early with exit code {member.code}: {member.last_words}")
    lines = (site.folder(host) / SAID).read_text(errors="replace").splitlines()
    words = (line.split() for line in lines)
    return {pair[0]: float(pair[1]) for pair in words if len(pair) == 2 and pair[0] in libtorrent_peer.WORDS}

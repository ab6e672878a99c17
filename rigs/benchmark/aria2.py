"""aria2, tuned, with opentracker on the seed's host; how a receiver tells that it has all pieces, checked."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import List, Optional

from netlab.labhost import Host
from rigs.benchmark import torrent
from rigs.benchmark.site import Outcome, Site
from rigs.benchmark.torrent import Torrent
from rigs.errors import RigError
from rigs.procgroup import Child, ProcessGroup

TRACKER_PORT = 6969
PEER_PORT = 6881
READY_SECONDS = 30.0
FACT_SECONDS = 0.02

TORRENT, DONE, HOOK = "payload.torrent", "done", "done.sh"

TUNED = (
    "--bt-max-peers=0",  # no limit
    "--bt-tracker-interval=1",
    "--bt-request-peer-speed-limit=1000M",  # always look for more peers
    "--seed-ratio=0.0",  # seed until stopped
    "--bt-min-crypto-level=plain",
    "--bt-enable-lpd=false",
    "--enable-dht=false",
    "--enable-dht6=false",
    "--enable-peer-exchange=true",
    "--max-overall-upload-limit=0",
    "--file-allocation=none",
    "--disk-cache=64M",
    "--disable-ipv6=true",
    "--console-log-level=warn",
    "--summary-interval=0",
    "--show-console-readout=false",
    "--no-conf=true",
    "--follow-torrent=false",
)


class Aria2:
    """A swarm of aria2c. Each runs a hook the moment its download is complete and checked: that is its time."""

    name = "aria2"

    def __init__(self) -> None:
        self._torrent: Optional[Torrent] = None

    def missing(self) -> str:
        absent = [package for program, package in PACKAGES.items() if not shutil.which(program)]
        return f"{' and '.join(absent)} not installed: apt-get install {' '.join(absent)}" if absent else ""

    def prepare(self, site: Site) -> None:
        announce = f"http://{site.seed.address}:{TRACKER_PORT}/announce"
        self._torrent = torrent.make(site.payload, announce)

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        assert self._torrent
        for host in site.hosts:
            (site.folder(host) / TORRENT).write_bytes(self._torrent.data)
            hook = site.folder(host) / HOOK
            hook.write_text(f"#!/bin/sh\n: > {site.remote(host)}/{DONE}\n")
            hook.chmod(0o755)
        site.lend(site.seed, site.folder(site.seed))
        self._start_tracker(site, group)
        seed = self._start(site, group, site.seed, "--bt-seed-unverified=true")
        group.wait(lambda: self._seeds(site, seed) > 0, READY_SECONDS, "aria2's seed at the tracker", FACT_SECONDS)
        children = [self._start(site, group, host) for host in site.receivers]
        marks = [site.folder(host) / DONE for host in site.receivers]

        def complete() -> bool:
            _check_alive(group)
            return all(mark.exists() for mark in marks)

        group.wait(complete, site.scenario.deadline, "aria2's receivers", FACT_SECONDS)
        done = {host.name: os.stat(mark).st_mtime for host, mark in zip(site.receivers, marks)}
        return Outcome(children[0].begun, done, {"options": list(TUNED)})

    def copy(self, site: Site, host: Host) -> Path:
        return site.folder(host) / site.payload.name

    def _start(self, site: Site, group: ProcessGroup, host: Host, *extra: str) -> Child:
        folder = site.remote(host)
        argv: List[str] = [
            "aria2c", *TUNED, *extra, f"--dir={folder}", f"--listen-port={PEER_PORT}",
            f"--on-bt-download-complete={folder}/{HOOK}", f"{folder}/{TORRENT}",
        ]  # fmt: skip
        return group.start(f"aria2 on {host.name}", site.launcher(host), argv, site.folder(host) / "aria2.txt")

    def _start_tracker(self, site: Site, group: ProcessGroup) -> Child:
        assert self._torrent
        folder = site.folder(site.seed) / "tracker"
        folder.mkdir()
        (folder / "allowed").write_text(self._torrent.info_hash.hex() + "\n")
        folder.chmod(0o755)
        argv = ["opentracker", "-i", site.seed.address, "-p", str(TRACKER_PORT), "-d", ".", "-w", "allowed"]
        launch, log = site.launcher(site.seed), site.folder(site.seed) / "opentracker.txt"
        return group.start("opentracker", launch, argv, log, cwd=f"{site.remote(site.seed)}/tracker")

    def _seeds(self, site: Site, seed: Child) -> int:
        """How many complete peers the tracker knows."""
        if seed.code is not None:
            raise RigError(f"{seed.name}: exit code {seed.code}: {seed.last_words}")
        assert self._torrent
        name = urllib.parse.quote(self._torrent.info_hash)
        try:
            url = f"http://{site.seed.address}:{TRACKER_PORT}/scrape?info_hash={name}"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return int(answer.read().partition(b"8:completei")[2].partition(b"e")[0] or 0)
        except (urllib.error.URLError, OSError):
            return 0


def _check_alive(group: ProcessGroup) -> None:
    for child in group.children:
        if child.code is not None:
            raise RigError(f"{child.name}: ended early with exit code {child.code}: {child.last_words}")


PACKAGES = {"aria2c": "aria2", "opentracker": "opentracker"}

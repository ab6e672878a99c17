"""What most people do: the seed copies to all receivers at once, each copy a connection of its own over SSH."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import List, Sequence

from netlab.labhost import Host
from rigs.benchmark.site import Outcome, Site
from rigs.procgroup import Child, ProcessGroup

KEYS = "keys"  # the seed's folder with what it logs in with
CIPHER = "aes128-gcm@openssh.com"  # the fastest where the CPU has AES instructions


class Fanout:
    """A program on the seed for each receiver; its copy is there when that program has ended well."""

    def __init__(self, name: str) -> None:
        self.name = name

    def missing(self) -> str:
        return "" if shutil.which(self.name) else f"{self.name} is not installed: apt-get install {PACKAGES[self.name]}"

    def prepare(self, site: Site) -> None:
        folder = site.seed.home / KEYS
        folder.mkdir(mode=0o700, exist_ok=True)
        _own(site.seed, folder)
        for source in (site.lab.key, site.lab.known_hosts):
            shutil.copy(source, folder)
            (folder / source.name).chmod(0o600)
            _own(site.seed, folder / source.name)

    def run(self, site: Site, group: ProcessGroup) -> Outcome:
        site.lend(site.seed, site.folder(site.seed))
        children = self.start(site, group)
        group.wait_ends(children, site.scenario.deadline)
        done = {host.name: child.ended for host, child in zip(site.receivers, children)}
        return Outcome(children[0].begun, done)

    def start(self, site: Site, group: ProcessGroup) -> List[Child]:
        """All its programs at once."""
        return [self._start(site, group, host) for host in site.receivers]

    def copy(self, site: Site, host: Host) -> Path:
        return site.folder(host) / site.payload.name

    def _start(self, site: Site, group: ProcessGroup, host: Host) -> Child:
        source = f"{site.remote(site.seed)}/{site.payload.name}"
        target = f"{host.user}@{host.address}:{site.remote(host)}/"
        argv = COMMANDS[self.name](ssh_options(site), source, target)
        log = site.folder(site.seed) / f"{self.name}_{host.name}.txt"
        return group.start(f"{self.name} to {host.name}", site.seed.popen, argv, log)


def _own(host: Host, path: Path) -> None:
    os.chown(path, host.uid, host.uid)


def ssh_options(site: Site) -> List[str]:
    """How `ssh` on the seed logs in at a receiver."""
    keys = f"{site.seed.remote_home}/{KEYS}"
    said = {
        "IdentityFile": f"{keys}/{site.lab.key.name}",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": f"{keys}/{site.lab.known_hosts.name}",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
        "Ciphers": CIPHER,
        "Compression": "no",
    }
    return [word for key, value in said.items() for word in ("-o", f"{key}={value}")]


def _scp(options: Sequence[str], source: str, target: str) -> List[str]:
    return ["scp", "-q", *options, source, target]


def _rsync(options: Sequence[str], source: str, target: str) -> List[str]:
    return ["rsync", "--times", "--whole-file", "--inplace", "-e", shlex.join(["ssh", *options]), source, target]


COMMANDS = {"scp": _scp, "rsync": _rsync}
PACKAGES = {"scp": "openssh-client", "rsync": "rsync"}

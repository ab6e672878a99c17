"""`tree`: a great many small files to hosts on this machine, by `fab up` and by tar, with a hash of every file."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional

from peer.edge.generate import chunks
from rigs import fabup
from rigs.benchmark import durable, userwork
from rigs.benchmark.records import UserRun
from rigs.benchmark.rounds import Care
from rigs.benchmark.scenarios import KIB, MIB
from rigs.benchmark.usertable import BEFORE
from rigs.benchmark.userwork import Pass, Stage, Worker
from rigs.errors import RigError
from rigs.freeports import free_ports
from rigs.peerprocess import CHECKOUT
from rigs.procgroup import Child, ProcessGroup
from rigs.swarmdir import FIRST_ID

TREE, HOSTS, SUMS = "tree", "hosts", "sums"
FILE_BYTES = 3 * KIB
RECEIVERS = 2
IN_A_FOLDER = 500
BLOCK = 4 * KIB  # bytes that a small file takes on most file systems
DEADLINE = 1800.0


class TreeOptions(NamedTuple):
    """`files` of 3 KiB each; `against`: another checkout."""

    files: int = 100_000
    against: Optional[Path] = None


def room(asked: TreeOptions) -> int:
    """Bytes on the file system: the tree, a copy a receiver, and what an update keeps beside."""
    return (2 * RECEIVERS + 1) * asked.files * BLOCK + 64 * MIB


def run(folder: Path, disk: bool, asked: TreeOptions, rounds: int, care: Care) -> Iterator[UserRun]:
    """All passes; the tree lies on the seed already."""
    tree = folder / TREE
    make_tree(tree, asked.files)
    durable.sync([tree])
    size = asked.files * FILE_BYTES
    stage = Stage("tree", RECEIVERS, size, asked.files, disk, tree, lambda: None)
    workers: List[Worker] = [LocalUp(folder / "operator", tree, CHECKOUT, "weft")]
    if asked.against is not None:
        workers.append(LocalUp(folder / "operator-before", tree, asked.against.resolve(), BEFORE))
    yield from userwork.run_rounds(stage, [*workers, TarThenHash(folder / "tar", tree)], rounds, care)
    shutil.rmtree(tree)


def make_tree(tree: Path, files: int) -> None:
    """So many files, no two of them alike, some hundred in a folder."""
    left = files
    for noise in chunks(files * BLOCK, "tree"):
        for start in range(0, len(noise), BLOCK):
            number = files - left
            folder = tree / f"{number // IN_A_FOLDER:04}"
            if not number % IN_A_FOLDER:
                folder.mkdir(parents=True)
            (folder / f"{number:07}").write_bytes(noise[start : start + FILE_BYTES])
            left -= 1


class LocalUp:
    """`fab up` of one checkout to local hosts, the first of which has the tree."""

    def __init__(self, folder: Path, tree: Path, checkout: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._tree = tree
        self._checkout = checkout

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        (self._folder / "inventory.yaml").write_text(inventory(self._tree, self._folder / HOSTS))

    def renew(self) -> None:
        shutil.rmtree(self._folder / HOSTS / host_names()[-1])

    def once(self, group: ProcessGroup) -> Pass:
        walked = fabup.walk(group, self._checkout, self._folder / "inventory.yaml", self._peers, DEADLINE)
        return Pass(walked.seconds, walked.phases, walked.operator + walked.peers, 0.0, walked.peak, synced=True)

    def copies(self) -> Dict[str, Path]:
        names = host_names()[1:]
        return {
            name: self._folder / HOSTS / name / "bench" / f"peer_{FIRST_ID + number}" / TREE
            for number, name in enumerate(names, start=1)
        }

    def _peers(self) -> Iterable[int]:
        pids = map(int, filter(str.isdigit, os.listdir("/proc")))
        return [pid for pid in pids if fabup.is_peer(pid, str(self._folder))]


def host_names() -> List[str]:
    return [f"host{number}" for number in range(1, RECEIVERS + 2)]


def inventory(tree: Path, hosts: Path, tls: bool = False) -> str:
    """The text of an inventory of hosts on this machine, with a folder each below `hosts`."""
    names = host_names()
    ports = free_ports(len(names))
    return "\n".join(
        [
            f'swarm: {{name: bench, tls: {str(tls).lower()}, payload: {{path: "{tree}"}}}}',
            f'defaults: {{connection: local, workdir: "{hosts}/{{host}}"}}',
            "hosts:",
            *(f"  {name}: {{peer_port: {port}}}" for name, port in zip(names, ports)),
            f"seeds: [{names[0]}]",
            "",
        ]
    )


class TarThenHash:
    """`tar c | tar x` for each receiver, all at once, then `sha256sum` of every file of every copy, the seed's too."""

    name = "tar"

    def __init__(self, folder: Path, tree: Path) -> None:
        self._folder = folder
        self._tree = tree

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()

    def renew(self) -> None:
        """It copies all of it each time."""

    def once(self, group: ProcessGroup) -> Pass:
        begun = time.monotonic()
        group.wait_ends([self._start(group, copy_line(self._tree, one)) for one in self.copies().values()], DEADLINE)
        copied = time.monotonic()
        hashed = [self._tree, *self.copies().values()]
        sums = [self._folder / f"{SUMS}{number}" for number in range(len(hashed))]
        lines = [hash_line(tree, said) for tree, said in zip(hashed, sums)]
        group.wait_ends([self._start(group, line) for line in lines], DEADLINE)
        ended = time.monotonic()
        if len({said.read_bytes() for said in sums}) != 1:
            raise RigError("tar: sha256sum finds different files")
        phases = {"transfer": copied - begun, "verify": ended - copied}
        return Pass(ended - begun, phases, group.cpu)

    def copies(self) -> Dict[str, Path]:
        return {name: self._folder / name for name in host_names()[1:]}

    def _start(self, group: ProcessGroup, line: str) -> Child:
        return group.start(line.split()[0], subprocess.Popen, ["bash", "-c", f"set -eo pipefail; {line}"], self._log)

    @property
    def _log(self) -> Path:
        return self._folder / "tar.txt"


def copy_line(source: Path, target: Path) -> str:
    here, there = shlex.quote(str(source)), shlex.quote(str(target))
    return f"mkdir -p {there}; tar -C {here} -c . | tar -C {there} -x"


def hash_line(tree: Path, said: Path) -> str:
    there, result = shlex.quote(str(tree)), shlex.quote(str(said))
    return f"cd {there}; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > {result}"

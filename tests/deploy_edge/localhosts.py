"""A swarm of three hosts on this machine: its inventory, its processes, and a `fab` that runs beside a test."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.deploy_edge.fabrun import Ran, fab_command, fab_environment
from tests.helpers.ports import free_ports
from tests.helpers.waiting import wait_for

INVENTORY = """\
swarm: {{name: t, payload: {payload}{more}}}
defaults: {{connection: local, workdir: "hosts/{{host}}"}}
hosts: {{a: {host}, b: {host_b}, c: }}
seeds: [a]
peers:
{peers}
"""


def write_inventory(
    folder: Path,
    payload: str = "{generate: 300KiB, name: f.dat}",
    host: str = "",
    host_b: str = "",
    more: str = "",
) -> list[int]:
    """Write an inventory of three local hosts, `host` and `host_b` being the keys of a and b; the peers' ports."""
    ports = free_ports(3)
    rows = zip((1001, 1002, 1003), "abc", ports)
    peers = "\n".join(f"  - {{id: {peer}, host: {name}, port: {port}}}" for peer, name, port in rows)
    text = INVENTORY.format(payload=payload, host=host, host_b=host_b, more=more, peers=peers)
    (folder / "inventory.yaml").write_text(text)
    return ports


def copies(folder: Path, *hosts: str) -> set[bytes]:
    """What the hosts' peers have under the payload's final name; one element if all are equal."""
    peers = dict(zip("abc", (1001, 1002, 1003)))
    return {(folder / f"hosts/{host}/t/peer_{peers[host]}/f.dat").read_bytes() for host in hosts}


def working_in(folder: Path) -> list[str]:
    """The command lines of processes that work in the folder."""
    found = []
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and os.readlink(f"{entry.path}/cwd").startswith(str(folder)):
                found.append(Path(entry.path, "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def wait_until_nothing_works_in(folder: Path) -> None:
    """Until all processes that work in the folder have ended: agents and peers that aren't needed end by themselves."""
    wait_for(lambda: not working_in(folder), "all processes of the swarm to end")


@contextlib.contextmanager
def begun(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A `fab` that runs, and what it has said on standard error so far."""
    with tempfile.TemporaryFile("w+") as words:
        process = subprocess.Popen(
            fab_command(*arguments),
            cwd=folder,
            env=fab_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
        )

        def said() -> str:
            return os.pread(words.fileno(), 1 << 20, 0).decode()

        try:
            yield process, said
        finally:
            process.kill()
            process.wait()


def hashes(ran: Ran) -> set[str]:
    """The SHA-256s that a command printed."""
    return set(re.findall(r"\b[0-9a-f]{64}\b", ran.out))

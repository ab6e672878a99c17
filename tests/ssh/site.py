"""Three hosts behind real sshds, and the inventory that names them; `b` has two peers, and is reached by openssh."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.helpers.ports import free_ports
from tests.ssh.sshd import Sshd

PEERS = ((1001, "a"), (1002, "b"), (1003, "b"), (1004, "c"))


class Site:
    """The hosts of one test."""

    def __init__(self, folder: Path, servers: Mapping[str, Sshd]) -> None:
        self.folder = folder
        self.servers = dict(servers)
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text("".join(server.known_hosts_line() for server in servers.values()))

    def write(self, payload: str = "{generate: 300KiB, name: f.dat}", defaults: str = "", **more: str) -> None:
        """Write the inventory; `more` has a host's extra keys by its name."""
        key = next(iter(self.servers.values())).key
        workdir = f"{self.folder}/hosts/{{host}}"
        rows = zip(PEERS, free_ports(len(PEERS)))
        lines = [
            f"swarm: {{name: t, tls: false, payload: {payload}}}",
            f'defaults: {{key: "{key}", known_hosts: "{self.known_hosts}", workdir: "{workdir}"{defaults}}}',
            "hosts:",
            *(self._host(name, server, more.get(name, "")) for name, server in self.servers.items()),
            "seeds: [a]",
            "peers:",
            *(f"  - {{id: {peer}, host: {host}, port: {port}}}" for (peer, host), port in rows),
        ]
        (self.folder / "inventory.yaml").write_text("\n".join(lines) + "\n")

    def home(self, host: str) -> Path:
        """The swarm's folder on a host."""
        return self.folder / "hosts" / host / "t"

    def copy(self, peer: int) -> bytes:
        """A peer's payload, read from its final path."""
        return (self.home(dict(PEERS)[peer]) / f"peer_{peer}" / "f.dat").read_bytes()

    def _host(self, name: str, server: Sshd, more: str) -> str:
        way = ", transport: openssh" if name == "b" else ""
        return f"  {name}: {{address: {server.address}, port: {server.port}, user: {server.user}{way}{more}}}"

"""What ssh_config calls hosts: the addresses behind aliases, for peers, which know no ssh_config."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.core.inventory import Host
from deploy.edge.hosts.errors import HostError
from deploy.edge.ssh.settings import SshConfig

_AT_ONCE = 8  # `ssh -G` takes some milliseconds of a processor


def hostnames(fabric_config: Any, hosts: Iterable[Host]) -> dict[str, str]:
    """The HostName of each of some hosts, by their names; a host whose settings can't be read is left out."""
    ssh_config = SshConfig(fabric_config._runtime_ssh_path)

    def ask(host: Host) -> tuple[str, str]:
        try:
            return host.name, ssh_config.settings(host.address, host.user, host.port).hostname
        except HostError:
            return host.name, ""  # the connection will tell why

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {name: hostname for name, hostname in pool.map(ask, hosts) if hostname}

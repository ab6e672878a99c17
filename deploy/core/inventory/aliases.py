"""Hosts that are listed by a name alone: it may be an alias of the operator's ssh_config, which no other host knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploy.core.inventory.model import Host
from deploy.core.inventory.names import is_ip, is_loopback


def named_alone(hosts: Iterable[Host]) -> list[Host]:
    """The hosts that peers are to dial by the very name that SSH connects with."""
    return [host for host in hosts if not host.local and host.peer_address == host.address and not is_ip(host.address)]


def for_peers(hosts: Iterable[Host], hostnames: Mapping[str, str]) -> dict[str, str]:
    """The addresses that peers are to dial instead, by the hosts' names. `hostnames`: what ssh_config calls them.

    An address of this machine is one of a port that leads elsewhere, which says nothing to other hosts.
    """
    found = {host.name: hostnames.get(host.name, host.address) for host in hosts}
    other = [host.name for host in hosts if found[host.name] != host.address]
    return {name: found[name] for name in other if not is_loopback(found[name])}

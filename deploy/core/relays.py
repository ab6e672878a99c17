"""Hosts that only SSH reaches: which peers the operator's machine joins to the others, and what is said about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from deploy.core.inventory import Inventory, fold
from peer.core.sizes import format_size

RELAYED = "; carry its connections through this machine"  # in the plan


class Carried(NamedTuple):
    """What this machine carried: bytes of all connections together, and those to each relayed host and from it."""

    size: int
    hosts: Mapping[str, int]


def relayed_hosts(inventory: Inventory) -> tuple[str, ...]:
    """The chosen hosts whose peers' connections go through this machine."""
    return tuple(host.name for host in inventory.chosen_hosts if host.relay)


def begin_line(hosts: Collection[str]) -> str:
    """Told when a swarm begins."""
    return f"{fold(hosts)}: only SSH reaches {_them(hosts)}, so this machine carries {_their(hosts)} connections"


def leave_line(hosts: Collection[str], patience: float) -> str:
    """Told when the operator leaves a swarm that runs on."""
    needs = "need" if len(hosts) > 1 else "needs"
    return (
        f"{fold(hosts)} {needs} this machine for every connection: unless `fab logs` comes back within {patience:g} s, "
        f"{'they give' if len(hosts) > 1 else 'it gives'} up incomplete, and the others go on without {_them(hosts)}"
    )


def absent_line(hosts: Collection[str], patience: float, where: str) -> str:
    """Told after `start`, which leaves at once."""
    return (
        f"{fold(hosts)}: only SSH reaches {_them(hosts)}; run `fab logs{where}` within {patience:g} s to carry the rest"
    )


def cap_line(hosts: Collection[str]) -> str:
    """Told when relayed hosts get another cap: what this machine carries has one of its own."""
    return f"what this machine carries for {fold(hosts)} keeps a cap of its own: `fab cap relay=50` changes that one"


def carried_lines(carried: Carried | None) -> tuple[str, ...]:
    """For the verdict; nothing where nothing was carried."""
    if carried is None or not carried.size:
        return ()
    return (f"relayed through this machine: {format_size(carried.size)}, for {fold(carried.hosts)}",)


def _their(hosts: Collection[str]) -> str:
    return "their" if len(hosts) > 1 else "its"


def _them(hosts: Collection[str]) -> str:
    return "them" if len(hosts) > 1 else "it"

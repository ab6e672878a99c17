"""The zones of an inventory: which hosts are in each, and what is known of their ways out and in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from deploy.core.inventory.errors import Ledger, did_you_mean
from deploy.core.inventory.groups import ZONE, Groups
from deploy.core.inventory.model import Host, Inventory, Rate

if TYPE_CHECKING:
    from deploy.core.inventory.fields import ZonePart  # with pydantic, which `--limit` does without


def members(hosts: Iterable[Host]) -> dict[str, tuple[str, ...]]:
    """The names of the hosts in each zone, those in zones within it included."""
    found: dict[str, tuple[str, ...]] = {}
    for host in hosts:
        parts = host.zone.split("/") if host.zone else []
        for depth in range(len(parts)):
            zone = "/".join(parts[: depth + 1])
            found[zone] = (*found.get(zone, ()), host.name)
    return found


def selectable(inventory: Inventory) -> Groups:
    """What `--limit` can name beside hosts: the groups, and each zone as `zone:site/rack`."""
    return {**inventory.groups, **{ZONE + zone: names for zone, names in members(inventory.hosts).items()}}


def zone_rates(parts: Mapping[str, ZonePart], hosts: Iterable[Host], ledger: Ledger) -> dict[str, Rate]:
    """The rates that `zones` gives; a zone that no host is in goes to the ledger."""
    known = members(hosts)
    for zone in parts:
        if zone not in known:
            ledger.add(("zones", zone), f"no host is in it{did_you_mean(zone, known) or '; give one the key zone'}")
    return {zone: Rate(part.rate.up, part.rate.down) for zone, part in parts.items() if part.rate}

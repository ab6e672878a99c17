"""The limit: the shortest time in which the payload can be everywhere, from the inventory's rates and caps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deploy.core.caps import link_of
from deploy.core.inventory import Host, Inventory, Rate
from deploy.core.inventory.zoned import members

BITS_PER_BYTE = 8
MBIT = 10**6


class Limit(NamedTuple):
    """T* in seconds, and the reason for it."""

    seconds: float
    because: str  # "the seed's upload", "the slowest download", "the way into zone rack-a" and the like


def limit_seconds(inventory: Inventory, size: int) -> Limit | None:
    """T* = max(F/u_seed, F/d_min, N F/(u_seed + sum u_i), F/d_zone) for `size` bytes; None if no term is known.

    All of the payload has to come into a zone without a seed, and out of one that all seeds are in.

    Counted in hosts: peers of one machine share its link, and its caps. A term for which a rate isn't given is left
    out, and a lower bound remains. With `--limit`, the hosts not selected may have the payload, so they count as seeds.
    """
    receivers, sources = _roles(inventory)
    if not receivers:
        return None

    def links(hosts: Sequence[Host]) -> list[Rate]:
        return [link_of(inventory, host) for host in hosts]

    megabits = size * BITS_PER_BYTE / MBIT
    terms = [
        *_terms(links(receivers), links(sources), megabits),
        *_relayed(inventory, receivers, megabits),
        *_zone_terms(inventory, receivers, sources, megabits),
    ]
    return max(terms, key=lambda limit: limit.seconds) if terms else None


def _roles(inventory: Inventory) -> tuple[list[Host], list[Host]]:
    """The hosts that lack the payload, and those that (may) have it."""
    seeds = {peer.host for peer in inventory.seeds}
    wanting = {peer.host for peer in inventory.chosen_peers} - seeds
    busy = {peer.host for peer in inventory.peers}
    receivers = [host for host in inventory.hosts if host.name in wanting]
    return receivers, [host for host in inventory.hosts if host.name in busy - wanting]


def _terms(receivers: Sequence[Rate], sources: Sequence[Rate], megabits: float) -> Iterator[Limit]:
    up_sources = _total(sources)
    up_all = _total([*sources, *receivers])
    downs = [link.down for link in receivers if link.down]
    if up_sources:
        yield Limit(megabits / up_sources, "the seed's upload")
    if downs:
        yield Limit(megabits / min(downs), "the slowest download")
    if up_all:
        yield Limit(len(receivers) * megabits / up_all, "all uploads together")


def _relayed(inventory: Inventory, receivers: Sequence[Host], megabits: float) -> Iterator[Limit]:
    """What the operator's machine carries to the hosts that only SSH reaches."""
    count, cap = sum(host.relay for host in receivers), inventory.swarm.relay_cap
    if count and cap:
        yield Limit(count * megabits / cap, "what is relayed")


def _zone_terms(
    inventory: Inventory, receivers: Sequence[Host], sources: Sequence[Host], megabits: float
) -> Iterator[Limit]:
    wanting, having = {host.name for host in receivers}, {host.name for host in sources}
    names = members(inventory.hosts)
    for zone, rate in inventory.zone_rates.items():
        inside = set(names.get(zone, ()))
        if rate.down and wanting & inside and not having & inside:
            yield Limit(megabits / rate.down, f"the way into zone {zone}")
        if rate.up and having <= inside and wanting - inside:
            yield Limit(megabits / rate.up, f"the way out of zone {zone}")


def _total(links: Sequence[Rate]) -> float | None:
    """Mbit/s that these hosts send together; None if a rate isn't given."""
    rates = [link.up for link in links]
    return sum(rate for rate in rates if rate) if all(rates) else None

"""The limit: the shortest time in which the payload can be everywhere, from the inventory's rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deploy.core.inventory import Host, Inventory

BITS_PER_BYTE = 8
MBIT = 10**6


class Limit(NamedTuple):
    """T* in seconds, and the reason for it."""

    seconds: float
    because: str  # "the seed's upload", "the slowest download" or "all uploads together"


def limit_seconds(inventory: Inventory, size: int) -> Limit | None:
    """T* = max(F/u_seed, F/d_min, N F/(u_seed + sum u_i)) for `size` bytes; None if no term is known.

    Counted in hosts: peers of one machine share its link. A term for which a rate isn't given is left out, and a
    lower bound remains. With `--limit`, the hosts not selected may have the payload, so they count as seeds.
    """
    receivers, sources = _roles(inventory)
    if not receivers:
        return None
    terms = list(_terms(receivers, sources, size * BITS_PER_BYTE / MBIT))
    return max(terms, key=lambda limit: limit.seconds) if terms else None


def _roles(inventory: Inventory) -> tuple[list[Host], list[Host]]:
    """The hosts that lack the payload, and those that (may) have it."""
    seeds = {peer.host for peer in inventory.seeds}
    wanting = {peer.host for peer in inventory.chosen_peers} - seeds
    busy = {peer.host for peer in inventory.peers}
    receivers = [host for host in inventory.hosts if host.name in wanting]
    return receivers, [host for host in inventory.hosts if host.name in busy - wanting]


def _terms(receivers: Sequence[Host], sources: Sequence[Host], megabits: float) -> Iterator[Limit]:
    up_sources = _total(sources)
    up_all = _total([*sources, *receivers])
    downs = [host.rate.down for host in receivers if host.rate.down]
    if up_sources:
        yield Limit(megabits / up_sources, "the seed's upload")
    if downs:
        yield Limit(megabits / min(downs), "the slowest download")
    if up_all:
        yield Limit(len(receivers) * megabits / up_all, "all uploads together")


def _total(hosts: Sequence[Host]) -> float | None:
    """Mbit/s that these hosts send together; None if a rate isn't given."""
    rates = [host.rate.up for host in hosts]
    return sum(rate for rate in rates if rate) if all(rates) else None

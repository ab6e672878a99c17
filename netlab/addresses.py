"""Names and addresses of a lab, all derived from its state directory: so `down` finds everything after any crash."""

from __future__ import annotations

import hashlib
import ipaddress
import os
from typing import Iterable, Iterator, List, Sequence

from netlab.errors import LabError, UsageError

# RFC 2544 sets this range aside for tests of network devices: no real network should be using it.
RANGE = ipaddress.IPv4Network("198.18.0.0/15")
PREFIX = 22  # room for a thousand hosts; a Linux bridge has at most 1,023 ports
MAX_HOSTS = 1000
FAMILY = "weft-"

Network = ipaddress.IPv4Network


def tag_of(directory: str) -> str:
    """Six characters that tell this lab from others: the same for the same directory."""
    return hashlib.sha256(os.path.realpath(directory).encode(errors="surrogateescape")).hexdigest()[:6]


def bridge_namespace(tag: str) -> str:
    return FAMILY + tag


def host_namespace(tag: str, host: str) -> str:
    return f"{FAMILY}{tag}-{host}"


def is_namespace_of(tag: str, name: str) -> bool:
    return name == bridge_namespace(tag) or name.startswith(host_namespace(tag, ""))


def operator_link(tag: str) -> str:
    """The one interface that the lab has in the root namespace."""
    return FAMILY + tag


def host_names(count: int) -> List[str]:
    width = max(2, len(str(count)))
    return [f"node{number:0{width}}" for number in range(1, count + 1)]


def zone_names(count: int) -> List[str]:
    width = len(str(count))
    return [f"zone{number:0{width}}" for number in range(1, count + 1)]


def host_address(network: Network, number: int) -> str:
    """The address of the host with this number, counted from 1."""
    return str(network[number])


def operator_address(network: Network) -> str:
    return str(network[-2])


def choose_network(tag: str, routes: Sequence[str], wanted: str = "") -> Network:
    """A network that none of `routes` overlaps: the `wanted` one, or one of RANGE, the tag deciding where to begin.

    `routes` are destinations as `ip route` prints them. Raises LabError if there is none.
    """
    taken = list(_networks(routes))
    candidates = [parse_network(wanted)] if wanted else list(_candidates(tag))
    for candidate in candidates:
        if not any(candidate.overlaps(route) for route in taken):
            return candidate
    clash = next(route for route in taken if candidates[0].overlaps(route))
    raise LabError(f"{candidates[0]} collides with this machine's route to {clash}: give another network with --subnet")


def _candidates(tag: str) -> Iterator[Network]:
    networks = list(RANGE.subnets(new_prefix=PREFIX))
    first = int(tag, 16) % len(networks)
    return iter(networks[first:] + networks[:first])


def parse_network(text: str) -> Network:
    """The network that a person gives with --subnet. Raises UsageError if it's none, or of no use."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise UsageError(f"--subnet: {error}: write it as 198.18.4.0/22") from None
    if not PREFIX <= network.prefixlen <= 28:
        raise UsageError(f"--subnet: {network} must be a /{PREFIX} to a /28")
    return network


def _networks(routes: Iterable[str]) -> Iterator[Network]:
    for route in routes:
        if route != "default":
            yield ipaddress.IPv4Network(route, strict=False)

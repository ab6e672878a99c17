"""Whether this machine has an address in a network: what `Match localnetwork` of ssh_config asks."""

from __future__ import annotations

import ipaddress
import socket
import struct

_SIOCGIFADDR = 0x8915  # Linux's


def here(networks: str) -> bool:
    """Whether a network of the list, separated by commas, is one of ours; `!` excludes. Raises ValueError."""
    hit = False
    for word in networks.split(","):
        network = ipaddress.ip_network(word.lstrip("!"), strict=False)
        if not any(address in network for address in _addresses(network)):
            continue
        if word.startswith("!"):
            return False
        hit = True
    return hit


def _addresses(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Our addresses, as far as they can be learnt: each interface's, and the one from which the network is reached."""
    if network.version == 4:
        found = [_source(socket.AF_INET, str(network[0])), *_of_interfaces()]
    else:
        found = [_source(socket.AF_INET6, str(network[0]))]
    return [ipaddress.ip_address(text.partition("%")[0]) for text in found if text]


def _source(family: socket.AddressFamily, target: str) -> str:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))  # sends nothing
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _of_interfaces() -> list[str]:
    try:
        import fcntl
    except ImportError:
        return []
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found

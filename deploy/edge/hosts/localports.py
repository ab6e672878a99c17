"""Finds ports for the peers of a swarm on this machine, where another swarm may be running."""

from __future__ import annotations

import socket

from deploy.core.inventory import FIRST_PORT

_LAST_FIRST_PORT = 60000


def free_base(count: int) -> int:
    """The first port of `count` free ones in a row; the usual one if there aren't so many."""
    for base in range(FIRST_PORT, _LAST_FIRST_PORT, max(count, 1)):
        if all(is_free(port) for port in range(base, base + count)):
            return base
    return FIRST_PORT


def is_free(port: int) -> bool:
    """Whether nobody listens on it, on any address of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True

"""Finds TCP ports for a test's peers."""

from __future__ import annotations

import random
import socket
from typing import List

_FIRST, _LAST = 12_000, 31_000  # below the range from which systems give ports to outgoing connections


def free_ports(count: int) -> List[int]:
    """So many different ports on which nobody listens, on any address."""
    found: List[int] = []
    while len(found) < count:
        port = random.randint(_FIRST, _LAST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True

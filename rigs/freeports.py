"""Finds TCP ports on this machine for the peers of a swarm."""

from __future__ import annotations

import random
from typing import List, Sequence

from deploy.edge.hosts.localports import is_free
from rigs.errors import RigError

PORTS = range(12_000, 31_000)  # below those that systems give to outgoing connections


def free_ports(count: int, among: Sequence[int] = PORTS) -> List[int]:
    """So many ports on which nobody listens on any address, drawn by chance: another swarm may be looking too.

    Raises RigError if there are not so many.
    """
    found: List[int] = []
    for port in random.sample(among, len(among)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise RigError(f"only {len(found)} ports are free from {among[0]} to {among[-1]}: end what listens there")

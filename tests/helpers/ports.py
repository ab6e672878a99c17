"""Ports for the peers of a test. Each worker draws from its own, as a free one may be another test's in a moment."""

from __future__ import annotations

import os
from typing import List

from rigs import freeports

_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


def free_ports(count: int) -> List[int]:
    """So many ports on which nobody listens."""
    return freeports.free_ports(count, freeports.PORTS[_WORKER::_WORKERS])

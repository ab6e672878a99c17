"""Writes the caps of a host into the file that its peers share."""

from __future__ import annotations

import fcntl
import os
from typing import Optional

from peer.core import budget
from peer.core.budget import DOWN, UP, Flow


def set_caps(descriptor: int, up: Optional[float], down: Optional[float]) -> None:
    """Write caps (bytes a second, 0 for none) into the open file of a host; None leaves one as it is."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        data = os.pread(descriptor, budget.LENGTH + 1, 0)
        old = [budget.read_flow(data, one) for one in (UP, DOWN)] if budget.is_file(data) else [Flow(), Flow()]
        new = [flow if rate is None else Flow(rate) for rate, flow in zip((up, down), old)]
        os.pwrite(descriptor, budget.format_file(*new), 0)
        os.ftruncate(descriptor, budget.LENGTH)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

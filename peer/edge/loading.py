"""Loads what a running peer needs."""

from __future__ import annotations

import gc
from typing import Callable, Optional, Tuple

Run = Callable[[str, int, Optional[float], Tuple[int, ...]], int]


def load() -> Run:
    """`peer.edge.run.run_peer`. All that is loaded stays: to look for garbage in it, now or later, would be in vain."""
    gc.disable()
    from peer.edge.run import run_peer

    gc.freeze()
    gc.enable()
    return run_peer

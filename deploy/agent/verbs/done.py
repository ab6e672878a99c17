"""The answer to a request that needs no more than a confirmation."""

from __future__ import annotations

from peer.core.tuples import NamedTuple


class Done(NamedTuple):
    """It is done, and there is nothing to tell."""

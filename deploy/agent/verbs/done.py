"""The answer to what needs none."""

from __future__ import annotations

from typing import NamedTuple


class Done(NamedTuple):
    """There is nothing more to say."""

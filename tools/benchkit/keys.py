"""The keys of a swarm that speaks TLS, made as a deployment makes them. The one place to change when it does."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from tools.benchkit.errors import BenchError


def missing() -> str:
    """Why no swarm can speak TLS here; "" if it can."""
    return "the peers don't speak TLS yet"


def write(folders: Dict[int, Path]) -> None:  # noqa: ARG001
    """Put each peer's keys into its working directory, given by peer id."""
    raise BenchError(missing())

"""The plan: what a chain of tasks does on which host, in order, as plain data; and the texts that `deploy` pushes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deploy.core.model import Inventory
from peer.core.manifest import Manifest

PHASES = ("check", "deploy", "start", "logs", "status", "collect-logs", "verify", "stop", "clean")


class Facts(NamedTuple):
    """What is known of the payload before anybody connects: bytes, bytes a piece, pieces; None: only the seed knows."""

    name: str
    size: int | None = None
    piece_size: int | None = None
    pieces: int | None = None


class Step(NamedTuple):
    """One thing done on one host. `peer` is an ID, None where the step is for the whole host."""

    phase: str  # one of PHASES
    host: str  # the Host's name
    peer: int | None
    what: str  # for a person: "push code, configuration and keys to ~/.weft/demo"


def steps(inventory: Inventory, phases: Sequence[str], facts: Facts | None = None) -> tuple[Step, ...]:
    """The steps of `phases` (names of PHASES; "up" stands for deploy, start, logs, verify), in the order of doing.

    Within `start` the order is PeerInfo's; `stop` goes the other way round. Only selected hosts have steps.
    Raises ValueError for a phase that doesn't exist.
    """
    raise NotImplementedError


def facts_of(inventory: Inventory, size: int | None = None) -> Facts:
    """The payload's facts as far as the inventory tells; `size` (bytes) where somebody measured it."""
    raise NotImplementedError


def piece_size_of(inventory: Inventory, size: int) -> int:
    """Bytes a piece for a payload of `size` bytes: as the inventory says, else chosen."""
    raise NotImplementedError


def swarm_folder(inventory: Inventory, host_name: str) -> str:
    """`<workdir>/<swarm name>` on that host, `~` not yet expanded."""
    raise NotImplementedError


def texts(inventory: Inventory, host_name: str, manifest: Manifest, run: str) -> dict[str, str]:
    """File name -> text of what is pushed to one host: Common.cfg, PeerInfo.cfg and swarm.json."""
    raise NotImplementedError

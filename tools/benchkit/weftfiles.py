"""Writes the files that a swarm's peers start from, as a deployment would."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Optional, Sequence, Tuple

from peer.core import config, swarmfile
from peer.core.config import Common, PeerRow
from peer.core.manifest import Manifest
from peer.core.swarmfile import FLEET, Limits, SwarmFile

FIRST_ID = 1001
FIRST_PORT = 6008


class Wish(NamedTuple):
    """What can be tried out from the command line. `piece_size` None: automatic; `tls`: as SwarmFile has it."""

    piece_size: Optional[int] = None
    limits: Limits = Limits()
    tls: bool = False


def rows(addresses: Sequence[str], same_host: bool = False) -> Tuple[PeerRow, ...]:
    """A peer for each address, the first the seed; on one host each has a port of its own."""
    return tuple(
        PeerRow(FIRST_ID + number, address, FIRST_PORT + (number if same_host else 0), number == 0)
        for number, address in enumerate(addresses)
    )


def swarm_texts(manifest: Manifest, peers: Tuple[PeerRow, ...], wish: Wish, run: str) -> "dict[str, str]":
    """Name and text of each file of a fleet swarm."""
    common = Common(2, 5, 15, manifest.name, manifest.size, manifest.piece_size)
    swarm = SwarmFile("bench", run, FLEET, manifest, wish.limits, wish.tls)
    return {
        config.COMMON_NAME: config.format_common(common),
        config.PEER_INFO_NAME: config.format_peer_info(peers),
        swarmfile.SWARM_NAME: swarmfile.format_swarm(swarm),
    }


def write_texts(folder: Path, texts: "dict[str, str]") -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")

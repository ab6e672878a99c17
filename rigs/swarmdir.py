"""Writes the files that a swarm's peers start from, as a deployment would."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

from peer.core import config, swarmfile
from peer.core import folder as names
from peer.core.config import Common, PeerRow
from peer.core.manifest import Manifest
from peer.core.swarmfile import FLEET, Limits, SwarmFile

FIRST_ID = 1001
FIRST_PORT = 6008

Rows = Tuple[PeerRow, ...]


class Wish(NamedTuple):
    """What can be tried out from the command line. `piece_size` None: automatic; `tls`: as SwarmFile has it."""

    piece_size: Optional[int] = None
    limits: Limits = Limits()
    tls: bool = False


def rows(addresses: Sequence[Tuple[str, int]]) -> Rows:
    """A peer for each host and port, the first the seed."""
    return tuple(PeerRow(FIRST_ID + number, host, port, number == 0) for number, (host, port) in enumerate(addresses))


def fleet_texts(manifest: Manifest, peers: Rows, wish: Wish, run: str) -> Dict[str, str]:
    """Name and text of each file of a fleet swarm."""
    common = Common(2, 5, 15, manifest.name, manifest.size, manifest.piece_size)
    swarm = SwarmFile("bench", run, FLEET, manifest, wish.limits, wish.tls)
    return {**classic_texts(common, peers), names.SWARM: swarmfile.format_swarm(swarm)}


def classic_texts(common: Common, peers: Rows) -> Dict[str, str]:
    """Name and text of the two classic files."""
    return {
        names.COMMON: config.format_common(common),
        names.PEER_INFO: config.format_peer_info(peers),
    }


def write_texts(folder: Path, texts: Dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")

"""Writes what a swarm's peers start from, as a deployment would: their configuration and, for TLS, their keys."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from typing import Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

from peer.core import folder as names
from peer.core.config import Common, PeerRow
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.swarmfile import FLEET, SwarmFile, folder_texts

FIRST_ID = 1001
FIRST_PORT = 6008

Rows = Tuple[PeerRow, ...]


class WeftOptions(NamedTuple):
    """What can be tried out from the command line. `piece_size` None: automatic; `tls`: as SwarmFile has it.

    `trace`: the peers note what they do, for the seed's timeline (rigs/benchmark/timeline.py).
    """

    piece_size: Optional[int] = None
    limits: Limits = Limits()
    tls: bool = False
    trace: bool = False


def rows(addresses: Sequence[Tuple[str, int]]) -> Rows:
    """A peer for each host and port, the first the seed."""
    return tuple(PeerRow(FIRST_ID + number, host, port, number == 0) for number, (host, port) in enumerate(addresses))


def fleet_texts(
    manifest: Manifest, peers: Rows, options: WeftOptions, run: str, zones: Sequence[Tuple[int, str]] = ()
) -> Dict[str, str]:
    """Name and text of each file of a fleet swarm. `zones`: peers, each with its zone."""
    common = Common(2, 5, 15, manifest.name, manifest.size, manifest.piece_size)
    swarm = SwarmFile("bench", run, FLEET, manifest, options.limits, options.tls, zones=tuple(zones))
    return folder_texts(common, peers, swarm)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Put the files of these names into a working directory."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def no_tls() -> str:
    """Why no swarm can speak TLS here; "" if it can."""
    found = importlib.util.find_spec("cryptography")
    return "" if found else "cryptography is not installed: pip install cryptography"


def write_keys(folders: Mapping[int, Path]) -> None:
    """Put each peer's keys into its working directory, given by peer ID."""
    from deploy.edge.pushed.authority import make_keys

    for peer_id, keys in make_keys(folders, datetime.datetime.now(datetime.timezone.utc)).items():
        place = folders[peer_id] / names.keys(peer_id)
        place.mkdir(mode=0o700)
        for name, data in keys._asdict().items():
            (place / f"{name}.pem").touch(mode=0o600)
            (place / f"{name}.pem").write_bytes(data)

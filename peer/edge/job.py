"""Reads a peer's working directory: the two classic files and swarm.json, into one `Setup` and its manifest."""

from __future__ import annotations

import os
from itertools import chain
from typing import Optional, Tuple

from peer.core import config, releaselist, swarmfile
from peer.core import folder as names
from peer.core.config import PeerRow
from peer.core.errors import ConfigError, system_words
from peer.core.limits import Limits
from peer.core.manifest import Manifest, bare_manifest
from peer.core.repeats import Repeats
from peer.core.setup import Setup
from peer.core.swarmfile import CLASSIC, FLEET, SwarmFile
from peer.core.tuples import NamedTuple
from peer.edge.encoding import check_encoding


class Job(NamedTuple):
    """One peer's configuration, read and checked. `run`: the deployment's ID for this run, "" without one."""

    folder: str
    row: PeerRow
    setup: Setup
    manifest: Manifest
    run: str
    tls: bool = False
    replace: bool = False
    extras: bool = True
    ascii: Tuple[int, ...] = ()  # peers that accept only a handshake in ASCII

    @property
    def aside(self) -> str:
        """The suffix for the name of a foreign file that is in the way; "" if that is an error instead."""
        return f".before-{self.run}" if self.replace else ""

    @property
    def payload_folder(self) -> str:
        """The folder of the peer's copy."""
        return os.path.join(self.folder, names.payload(self.row.peer_id))

    @property
    def kept(self) -> Tuple[str, ...]:
        """The payloads of this host's other releases that were proved once, the latest first."""
        try:
            releases = releaselist.parse_releases(_read(self.folder, names.RELEASES))
        except ConfigError:
            return ()
        mine = os.path.realpath(self.payload_folder)
        others = [one for one in reversed(releases) if one.proof and one.folder != mine]
        return tuple(os.path.join(one.folder, one.payload) for one in others)


def load_job(folder: str, peer: int, patience: Optional[float] = None, absent: Tuple[int, ...] = ()) -> Job:
    """Read all configuration of a peer in `folder`; `patience` (seconds) overrules swarm.json. Raises ConfigError.

    `absent`: other peers that won't take part.
    """
    common = config.parse_common(_read(folder, names.COMMON), os.path.join(folder, names.COMMON))
    info_path = os.path.join(folder, names.PEER_INFO)
    rows = config.parse_peer_info(_read(folder, names.PEER_INFO), info_path)
    row = config.row_of(rows, peer, info_path)
    swarm = load_swarm(folder)
    manifest = swarm.manifest if swarm else bare_manifest(common.file_name, common.file_size, common.piece_size)
    _check_agreement(folder, common, manifest)
    check_encoding(chain([manifest.name], manifest.paths), folder)
    limits = swarm.limits if swarm else Limits()
    if patience is not None:
        limits = limits._replace(patience=patience)
    absent = tuple(other for other in absent if other != peer)
    total, layout = manifest.piece_count, manifest.layout
    if swarm is None:
        setup = Setup(peer, rows, common, CLASSIC, limits, total, absent=absent, layout=layout)
        return Job(folder, row, setup, manifest, "")
    profile = CLASSIC if peer in swarm.classic else swarm.profile
    repeats = Repeats(manifest) if profile == FLEET and manifest.blocks else None
    setup = Setup(
        peer, rows, common, profile, limits, total, swarm.classic, absent, layout, repeats, swarm.relayed, swarm.zones
    )
    return Job(folder, row, setup, manifest, swarm.run, swarm.tls, swarm.replace, swarm.extras, swarm.ascii)


def load_swarm(folder: str) -> Optional[SwarmFile]:
    """swarm.json, where there is one. Raises ConfigError."""
    path = os.path.join(folder, names.SWARM)
    if not os.path.exists(path):
        return None
    return swarmfile.parse_swarm(_read(folder, names.SWARM), path)


def _check_agreement(folder: str, common: config.Common, manifest: Manifest) -> None:
    found = (common.file_name, common.file_size, common.piece_size)
    expected = (manifest.name, manifest.size, manifest.piece_size)
    if found != expected:
        where = os.path.join(folder, names.COMMON)
        raise ConfigError(
            where, f"it has {found}, {names.SWARM} has {expected}", f"remove {names.SWARM} or deploy again"
        )


def _read(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise ConfigError(path, "it isn't text in UTF-8", "write it as plain text") from None
    except OSError as error:
        raise ConfigError(path, system_words(error), "put it there, or name its folder with --dir") from None

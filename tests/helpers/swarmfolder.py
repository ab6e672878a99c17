"""Builds working directories of swarms, and reads what the peers left in them."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path
from typing import Collection, Dict, List, NamedTuple, Optional, Tuple

from peer.core import config, eventlog, status
from peer.core import folder as names
from peer.core.config import Common, PeerRow
from peer.core.eventlog import Entry
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.status import Status
from peer.core.swarmfile import SwarmFile, folder_texts
from peer.edge.hashing import make_manifest
from tests.helpers.ports import free_ports

FIRST_ID = 1001
NAME = "TheFile.dat"


class Wish(NamedTuple):
    """What swarm to build. `profile`: "" for one without swarm.json; `seeds`: places in the order of peers."""

    peers: int = 2
    size: int = 300_000
    piece_size: int = 16_384
    profile: str = ""
    tree: bool = False
    seeds: Collection[int] = (0,)
    preferred: int = 2
    unchoking: float = 0.2
    optimistic: float = 0.4
    limits: Limits = Limits(patience=30.0)
    host: str = "127.0.0.1"
    classic: Collection[int] = ()  # peers that swarm.json names as classic
    ascii: Collection[int] = ()  # ... and as taking ASCII handshakes only


class SwarmFolder:
    """One working directory. `payload`: the original that every peer shall end with."""

    def __init__(self, root: Path, wish: Wish) -> None:
        self.root = root
        self.wish = wish
        self.payload = root / "original" / NAME
        root.mkdir(parents=True, exist_ok=True)
        make_payload(self.payload, wish)
        self.manifest = make_manifest(str(self.payload), wish.piece_size)
        self.rows = _rows(wish)
        self.common = _common(wish, self.manifest)
        self.write_configuration()
        for row in self.rows:
            if row.has_file:
                self.give_payload(row.peer_id)

    @property
    def ids(self) -> List[int]:
        """All peers in the order of PeerInfo.cfg."""
        return [row.peer_id for row in self.rows]

    @property
    def leechers(self) -> List[int]:
        """Those that begin without the payload."""
        return [row.peer_id for row in self.rows if not row.has_file]

    def row(self, peer: int) -> PeerRow:
        """The line of one peer."""
        return config.row_of(self.rows, peer)

    def write_configuration(self) -> None:
        """The two classic files, and swarm.json where the profile is known."""
        swarm = SwarmFile("test", "run-1", self.wish.profile, self.manifest, self.wish.limits)
        swarm = swarm._replace(classic=tuple(self.wish.classic), ascii=tuple(self.wish.ascii))
        for name, text in folder_texts(self.common, self.rows, swarm if self.wish.profile else None).items():
            (self.root / name).write_text(text)

    def give_payload(self, peer: int) -> None:
        """Put a copy of the original where this peer has its payload."""
        path = self.path_of(peer)
        path.parent.mkdir(exist_ok=True)
        if self.wish.tree:
            shutil.copytree(self.payload, path)
        else:
            shutil.copy(self.payload, path)

    def renew(self) -> None:
        """The original has been changed: the seeds have the new version, and so has the configuration."""
        self.manifest = make_manifest(str(self.payload), self.wish.piece_size)
        self.common = _common(self.wish, self.manifest)
        self.write_configuration()
        for row in self.rows:
            if row.has_file:
                shutil.rmtree(self.path_of(row.peer_id)) if self.wish.tree else self.path_of(row.peer_id).unlink()
                self.give_payload(row.peer_id)

    def twin(self, root: Path, profile: str) -> "SwarmFolder":
        """The same swarm in a directory of its own, in another profile: for swarms of unlike peers."""
        twin = SwarmFolder.__new__(SwarmFolder)
        twin.__dict__.update(self.__dict__)
        twin.root, twin.wish = root, self.wish._replace(profile=profile)
        root.mkdir(parents=True, exist_ok=True)
        twin.write_configuration()
        for row in twin.rows:
            if row.has_file:
                twin.give_payload(row.peer_id)
        return twin

    # ---- what peers left

    def path_of(self, peer: int) -> Path:
        """The final path of a peer's payload."""
        return self.root / f"peer_{peer}" / NAME

    def lines(self, peer: int) -> List[str]:
        """The lines of a peer's event log; none before it has begun."""
        path = self.root / f"log_peer_{peer}.log"
        return path.read_text().splitlines() if path.exists() else []

    def entries(self, peer: int) -> List[Entry]:
        """The same, parsed; fails on a line that isn't exactly a classic one."""
        parsed: List[Entry] = []
        for line in self.lines(peer):
            entry = eventlog.parse_line(line)
            assert entry is not None, f"not a classic line: {line!r}"
            parsed.append(entry)
        return parsed

    def downloads(self, peer: int) -> List[int]:
        """The pieces whose download a peer logged, in order."""
        return [entry.piece for entry in self.entries(peer) if entry.kind == "piece" and entry.piece is not None]

    def status(self, peer: int) -> Optional[Status]:
        """A peer's status; None before it has one."""
        path = self.root / names.status(peer)
        return status.parse_status(path.read_text()) if path.exists() else None

    def state(self, peer: int) -> str:
        """The state in a peer's status; "" before it has one."""
        found = self.status(peer)
        return found.state if found else ""

    def content(self, peer: int) -> Dict[str, Tuple[int, str]]:
        """What stands under a peer's final path: see `content_of`."""
        return content_of(self.path_of(peer))

    def assert_equal(self, *peers: int) -> None:
        """Each of these peers (all, if none is named) ended with exactly the original, and nothing beside it."""
        for peer in peers or self.ids:
            assert self.content(peer) == content_of(self.payload), f"peer {peer} ended with other bytes"
            left = sorted(path.name for path in self.path_of(peer).parent.iterdir())
            assert left == [NAME], f"peer {peer} left {left}"


def content_of(path: Path) -> Dict[str, Tuple[int, str]]:
    """Permission bits and SHA-256 of a file, or of everything in a folder, by path below it."""
    found = sorted(path.rglob("*")) if path.is_dir() else []
    return {str(entry.relative_to(path)): _facts(entry) for entry in [path, *found]}


def _facts(path: Path) -> Tuple[int, str]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
    return path.stat().st_mode & 0o777, digest


def make_payload(path: Path, wish: Wish) -> None:
    """A file, or a tree, of `wish.size` random bytes (each run of the tests the same)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = random.Random(wish.size).randbytes(wish.size)
    if wish.tree:
        make_tree(path, data)
    else:
        path.write_bytes(data)
        path.chmod(0o644)


def make_tree(root: Path, data: bytes) -> None:
    """A tree of nested folders with `data` spread over its files: unlike sizes, empty ones, modes, an empty folder."""
    third = len(data) // 3
    parts = {
        "a/deep/er/first.bin": (0o640, data[:third]),
        "a/empty": (0o600, b""),
        "a/one byte": (0o444, data[third : third + 1]),
        "b/run.sh": (0o755, data[third + 1 : 2 * third]),
        "last-empty": (0o644, b""),
        "z.bin": (0o644, data[2 * third :]),
    }
    for name, (mode, content) in parts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        (root / name).chmod(mode)
    (root / "nothing in it").mkdir()
    (root / "b").chmod(0o750)
    (root / "a" / "deep").chmod(0o555)
    root.chmod(0o755)


def _rows(wish: Wish) -> Tuple[PeerRow, ...]:
    ports = free_ports(wish.peers)
    return tuple(PeerRow(FIRST_ID + place, wish.host, port, place in wish.seeds) for place, port in enumerate(ports))


def _common(wish: Wish, manifest: Manifest) -> Common:
    return Common(
        preferred=wish.preferred,
        unchoking=wish.unchoking,
        optimistic=wish.optimistic,
        file_name=manifest.name,
        file_size=manifest.size,
        piece_size=manifest.piece_size,
    )

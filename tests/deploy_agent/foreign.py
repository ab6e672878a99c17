"""Somebody else's things around a swarm's places, and a host that deploys, delivers and cleans among them, or dies."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from unittest.mock import Mock

from deploy.agent import bundle, clean, payload, verbs
from deploy.agent.context import Context
from deploy.agent.watchdog import Guard
from deploy.agent.wire import AgentError, Wire
from peer.core.errors import WeftError
from peer.core.manifest import Manifest
from peer.edge.hashing import make_manifest
from peer.edge.papers import Papers
from peer.edge.store import Store
from tests.edge.crashing import Saboteur
from tests.edge.stores import open_and_check, write_piece

SEED, LEECHER, NAME = 1001, 1002, "model"
# Names that look as if they were ours.
LIKELY = (
    "model",
    "model.part",
    "model.part.map",
    "model.map",
    "model.new",
    "model.old.part",
    "model.making",
    "model.before-r1",
    "model-old.map",
    ".incoming-0011223344556677",
    ".weft-0011223344556677",
    ".weft",
    "lock_1002",
    "log_peer_1002.log",
    "log_peer_1002.log.old",
    "status_1002.json",
    "status_1002.json.new",
    "trace_1002.jsonl",
    "record_1002",
    "record_1003",
    "peer_1002",
    "peer_1001",
    "peer_1002.bak",
    "keys_1001",
    "made_1001.json",
    "manifest_1001.json.orig",
    "swarm.json",
    "Common.cfg.old",
    "stderr_1002.txt",
)
INSIDE = ("__pycache__", "a", "a/x", "a/old", "b", ".DS_Store", "new", "map", "a/.weft-00", "c")

Facts = tuple[int, int, str]  # inode, mode, what is in it


class Host:
    """One host's folders below `root`. What a person puts there is remembered, and must never change."""

    def __init__(self, root: Path, rng: Random) -> None:
        self.root, self._rng = root, rng
        self.home, self.destination = root / "work" / "swarm", root / "models"
        self.theirs: dict[Path, Facts] = {}
        self.crashes = 0
        self.done = 0  # works that went through
        root.mkdir()

    # ---- what others do

    def meddle(self) -> None:
        """A person makes something, somewhere near."""
        rng = self._rng
        places = [self.root, self.root / "work", self.home, self.home / "peer_1001", self.destination]
        names = LIKELY
        if rng.random() < 0.4:
            places, names = [self.destination / NAME, self.home / "peer_1001" / NAME], INSIDE
        path = rng.choice(places) / rng.choice(names)
        # Nor where something of theirs was before a turn was cut short: that comes back beside it, as `X.before-weft`.
        free = not os.path.lexists(path) and path not in self.theirs
        if free and path.parent.is_dir() and not path.parent.is_symlink():
            self._put(path)

    def _put(self, path: Path) -> None:
        kind = self._rng.choice(["file", "file", "folder", "link", "dangling"])
        if kind == "folder":
            path.mkdir(self._rng.choice([0o755, 0o700, 0o2775]))
            self._note(path)
            path = path / self._rng.choice([*LIKELY, "one"])
            kind = "file"
        if kind == "file":
            path.write_bytes(self._rng.randbytes(self._rng.randrange(40)))
            path.chmod(self._rng.choice([0o644, 0o600, 0o444, 0o755]))
        else:
            path.symlink_to(self.root / "elsewhere" if kind == "link" else "nowhere")
        self._note(path)

    def _note(self, path: Path) -> None:
        self.theirs[path] = facts_of(path)

    def assert_theirs(self) -> None:
        """Each thing is where it was put, the very same, with its bytes, mode and name."""
        for path, facts in self.theirs.items():
            assert os.path.lexists(path), f"{path.relative_to(self.root)} is gone"
            assert facts_of(path) == facts, f"{path.relative_to(self.root)} was changed"

    # ---- what Weft does

    def attempt(self, work: Callable[[], object]) -> None:
        """Let Weft do something; it may be refused, or killed at any change of the disk."""
        at = self._rng.choice([1_000_000, 1_000_000, self._rng.randrange(60)])
        saboteur = Saboteur(at)
        with saboteur.at_work(), contextlib.suppress(AgentError, WeftError, OSError):
            work()
            self.done += 1
        self.crashes += saboteur.calls > at

    def finally_do(self, work: Callable[[], object]) -> None:
        """Let Weft do something, without being killed; it may be refused."""
        with contextlib.suppress(AgentError, WeftError, OSError):
            work()

    def deploy(self) -> None:
        """Push a version to the seed, and prepare the peers' folders."""
        files = self._version()
        rows = [verbs.PushedFile("Common.cfg", 0o644, 5, "")]
        rows += [verbs.PushedFile(f"peer_{SEED}/{NAME}/{name}", 0o644, len(data), "") for name, data in files.items()]
        folders = (verbs.PushedFolder(f"peer_{SEED}/{NAME}", 0o755), verbs.PushedFolder(f"peer_{SEED}/{NAME}/a", 0o555))
        request = verbs.Receive(tuple(rows), folders)
        bundle.receive(request, self._context([b"hello", *files.values()]))
        places = (verbs.Place(SEED), verbs.Place(LEECHER, destination=str(self.destination)))
        payload.prepare(verbs.Prepare(places, NAME), self._context([]))

    def _version(self) -> dict[str, bytes]:
        rng = self._rng
        names = ["a/x", *rng.sample(["a/y", "b", "c", "a/z"], 2)]
        return {name: rng.randbytes(rng.randrange(1, 300)) for name in names}

    def deliver(self) -> None:
        """The leecher fetches a version, of a file or a tree."""
        folder = self.home / f"peer_{LEECHER}"
        papers = Papers(str(self.home), LEECHER)
        try:
            source = self._source()
            manifest = make_manifest(str(source), 100)
            store = Store(str(folder), manifest, papers.record)
            try:
                open_and_check(store)
                fetch(store, source, manifest)
            finally:
                store.close()
        finally:
            papers.record.close()

    def _source(self) -> Path:
        files = self._version()
        top = self.root.parent / f"source-{hashlib.sha256(repr(files).encode()).hexdigest()[:12]}" / NAME
        if self._rng.random() < 0.2:
            top.parent.mkdir(exist_ok=True)
            top.write_bytes(files["a/x"])
            return top
        for name, data in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(data)
        return top

    def clean(self) -> None:
        """Remove what is ours."""
        clean.clean(verbs.Clean(), self._context([]))

    def _context(self, parts: list[bytes]) -> Context:
        return Context(str(self.home), Parts(parts), Guard(), Mock())


class Parts(Wire):
    """The bodies of files that an operator sends, in order."""

    def __init__(self, parts: list[bytes]) -> None:
        super().__init__(io.BytesIO(), io.BytesIO())
        self._parts = list(parts)

    def body(self, size: int) -> Iterator[bytes]:
        yield self._parts.pop(0)


def facts_of(path: Path) -> Facts:
    """What must stay as it is of somebody's file, link or folder."""
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return info.st_ino, 0, os.readlink(path)
    return info.st_ino, info.st_mode, path.read_bytes().hex() if stat.S_ISREG(info.st_mode) else ""


def fetch(store: Store, source: Path, manifest: Manifest) -> None:
    """Let a leecher have every piece of the payload at `source`."""
    seed = Store(str(source.parent), manifest)
    seed.open_seed()
    try:
        for piece in range(manifest.piece_count):
            data = b""
            copy = seed.copy_of(piece)
            for file, offset, length in copy.segments(piece):
                with copy.descriptor(file) as descriptor:
                    data += os.pread(descriptor, length, offset)
            write_piece(store, piece, data)
        if not store.complete:
            store.finish()
    finally:
        seed.close()


__all__ = ["LEECHER", "NAME", "Host", "fetch"]

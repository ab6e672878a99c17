"""Scans a payload on disk: names, sizes, modes, times, links and what else the rules carry; no bytes are read."""

from __future__ import annotations

import hashlib
import os
import stat
from itertools import islice
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from peer.core import treelinks
from peer.core.errors import ConfigError
from peer.core.filetable import FileTable
from peer.core.listing import listed, quoted
from peer.core.manifest import FolderEntry, Manifest
from peer.core.payloadnames import check_names
from peer.core.treelinks import ROUND, Fault
from peer.core.treeparts import HardLink, LinkEntry, Sparse, Trait, TreeParts
from peer.core.treerules import FOLLOW, KEEP, SKIP, Excluder, TreeRules
from peer.core.tuples import NamedTuple
from peer.edge import pulse
from peer.edge.foundrows import Entry, FoundRows, Identity, identity_of
from peer.edge.holes import held_bytes
from peer.edge.traits import trait_of

_SHOWN = 20  # names in an error
_SOME = 200  # entries of a folder that are looked at in one go
_STORE = os.path.join("..", "..", "blobs")  # of a model cache, beside the folder of its snapshots


class Scanned(NamedTuple):
    """A payload without hashes, in pieces of one byte. Files and bytes excluded; special files that were left out.

    `times`: of the change of each file, in nanoseconds, whether or not they are carried. `stamp`: see `Scan.stamp`.
    """

    manifest: Manifest
    left_files: int = 0
    left_bytes: int = 0
    skipped: Tuple[str, ...] = ()
    times: Sequence[int] = ()
    stamp: str = ""


def scan(path: str, name: str, rules: TreeRules) -> Scanned:
    """The payload at `path`, which may be a link. What can't be part of it is a ConfigError. Raises OSError.

    A model cache's snapshot is nothing without what its links point to, so they are followed.
    """
    found = find(path, name, rules)
    found.refuse()
    return found.result()


def find(path: str, name: str, rules: TreeRules) -> Scan:
    """The same, unjudged but for one thing: what is neither a file nor a folder is a ConfigError. Raises OSError."""
    path = os.path.realpath(path)
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode) and not stat.S_ISDIR(info.st_mode):
        raise ConfigError(quoted(path), "neither a file nor a folder", "name a file or a folder")
    one = Scan(path, info, name, rules)
    if stat.S_ISDIR(info.st_mode):
        one.walk()
        if one.is_snapshot:
            return find(path, name, rules._replace(links=FOLLOW))
    else:
        one.files.add([(name, info)])
    return one


class Scan:
    """What was found in a payload: its `top`, and of a tree all entries, sorted; only files where it is one."""

    def __init__(self, path: str, top: os.stat_result, name: str, rules: TreeRules) -> None:
        self.top = top
        self.rules = rules
        self._path = path
        self._prefix = os.path.join(path, "")
        self._name = name
        self._excluder = Excluder(rules.exclude)
        self.files, self.folders, self.links = FoundRows(), FoundRows(), FoundRows()
        self.targets: Dict[str, str] = {}  # of the links
        self._followed: List[str] = []  # files and folders that were found through a link
        self.special: List[str] = []
        self.faults: List[Fault] = []
        self.left_files = 0
        self.left_bytes = 0

    # ---- finding

    def walk(self) -> None:
        """Find everything in the tree. A deep one needs no deep stack."""
        left: List[Tuple[str, FrozenSet[Identity]]] = [("", frozenset())]
        while left:
            below, above = left.pop()
            if self.rules.links == FOLLOW:
                above |= {identity_of(os.stat(self._at(below)))}
            for some in self._entries(below):
                left += [(path, above) for path in self._take(some, above)]
        self.files, self.folders, self.links = (rows.in_order() for rows in (self.files, self.folders, self.links))

    def _entries(self, below: str) -> Iterator[List[Entry]]:
        """What is in a folder, some of it at a time."""
        prefix = f"{below}/" if below else ""
        with os.scandir(self._at(below)) as entries:
            while True:
                some = [(prefix + entry.name, entry.stat(follow_symlinks=False)) for entry in islice(entries, _SOME)]
                pulse.beat(len(some))
                if not some:
                    return
                yield some

    def _take(self, found: List[Entry], above: FrozenSet[Identity]) -> List[str]:
        """Note some entries; the folders among them whose contents belong to the payload too."""
        if self.rules.exclude:
            found = [one for one in found if not self._is_out(*one)]
        rest = [one for one in found if not stat.S_ISREG(one[1].st_mode)]
        files = [one for one in found if stat.S_ISREG(one[1].st_mode)] if rest else found
        folders = []
        for path, info in rest:
            there: Optional[os.stat_result] = info
            if stat.S_ISLNK(info.st_mode):
                there = self._behind(path, info, above)
            if there is None:
                continue
            if stat.S_ISREG(there.st_mode):
                files.append((path, there))
            elif stat.S_ISDIR(there.st_mode):
                folders.append((path, there))
            else:
                self.special.append(path)
        self.files.add(files)
        self.folders.add(folders)
        return [path for path, _ in folders]

    def _is_out(self, path: str, info: os.stat_result) -> bool:
        """Whether an entry is excluded; then it is counted."""
        if not self._excluder.excludes(path, stat.S_ISDIR(info.st_mode)):
            return False
        left = [(path, info)]
        while left:
            path, info = left.pop()
            if stat.S_ISDIR(info.st_mode):
                for some in self._entries(path):
                    left += some
            else:
                self.left_files += 1
                self.left_bytes += info.st_size if stat.S_ISREG(info.st_mode) else 0
        return True

    def _behind(self, path: str, info: os.stat_result, above: FrozenSet[Identity]) -> Optional[os.stat_result]:
        """What a link points to, if links are followed; None where that is nothing, or a folder that we are in."""
        target = os.readlink(self._at(path))
        if self.rules.links != FOLLOW:
            self.links.add([(path, info)])
            self.targets[path] = target
            return None
        try:
            there = os.stat(self._at(path))
        except OSError:
            self.faults.append(Fault(path, target, treelinks.DANGLING))
            return None
        if identity_of(there) in above:
            self.faults.append(Fault(path, target, ROUND))
            return None
        self._followed.append(path)
        return there

    def _at(self, below: str) -> str:
        return self._prefix + below if below else self._path

    @property
    def is_snapshot(self) -> bool:
        """Whether it has links, and by the rules they would be kept, but all lead to files of a store beside it."""
        store = os.path.realpath(os.path.join(self._path, _STORE))
        targets = [os.path.realpath(self._at(path)) for path in self.targets if self.rules.links == KEEP]
        return bool(targets) and all(os.path.dirname(one) == store and os.path.isfile(one) for one in targets)

    # ---- refusing

    def refuse(self) -> None:
        """Refuse what a copy can't have. All of it is named: who has one such link has many. Raises ConfigError."""
        if self.rules.links == KEEP:
            self.faults = treelinks.faults(dict(sorted(self.targets.items())), self.files.paths, self.folders.paths)
        if self.faults:
            raise ConfigError(quoted(self._path), *treelinks.told(self.faults, follow=self.rules.links == FOLLOW))
        if self.special and self.rules.special != SKIP:
            names = listed([quoted(name) for name in sorted(self.special)], _SHOWN)
            problem = f"{names}: a device, pipe or socket"
            raise ConfigError(quoted(self._path), problem, "write `special: skip` to leave it out, or take it away")
        leaves = sorted(self.files.paths + self.links.paths)
        check_names(self._name, leaves, self.folders.paths, quoted(self._path))

    # ---- the result

    @property
    def stamp(self) -> str:
        """It changes whenever the payload by these rules does: each file's name, size, mode, times, inode are in it.

        The time of the last change of any kind tells of new bytes whose size and time of modification are the old ones.
        """
        top = FoundRows()
        top.add([("", self.top)])
        rest = [self.rules.links, sorted(self.special), self.left_files, self.left_bytes]
        sha = hashlib.sha256(ascii(rest).encode())
        below = (self.files, self.folders, self.links) if stat.S_ISDIR(self.top.st_mode) else ()
        for rows in (top, *below):
            sha.update(rows.state)
        return sha.hexdigest()

    def result(self) -> Scanned:
        """All of it, sorted."""
        top, hardlinks = self.top, self._hardlinks()
        names = {link.path for link in hardlinks}
        files, folders, links = self.files.but(names), self.folders, self.links.but(names)
        tree = stat.S_ISDIR(top.st_mode)
        traits, kinds = self._traits(["", *files.paths, *folders.paths, *links.paths] if tree else [""])
        parts = TreeParts(
            rules=self.rules,
            links=tuple(LinkEntry(path, self.targets[path]) for path in links.paths),
            hardlinks=tuple(hardlinks),
            sparse=self._sparse(files, tree),
            top_time=top.st_mtime_ns if self.rules.times and tree else 0,
            file_times=self._times(files),
            folder_times=self._times(folders),
            link_times=self._times(links),
            traits=traits,
            kinds=kinds,
        )
        table = FileTable(files.paths, files.sizes, self._modes(files.modes))
        entries = tuple(map(FolderEntry, folders.paths, self._modes(folders.modes)))
        mode = self._modes([top.st_mode])[0] if tree else 0o755
        made = Manifest(self._name, tree, 1, 1, table, entries, root_mode=mode, parts=parts)
        return Scanned(made, self.left_files, self.left_bytes, tuple(self.special), files.times, self.stamp)

    def _modes(self, modes: Sequence[int]) -> List[int]:
        mask = 0o7777 if self.rules.setuid else 0o777
        return [mode & mask for mode in modes]

    def _times(self, rows: FoundRows) -> Sequence[int]:
        return rows.times if self.rules.times and rows.times else ()

    def _hardlinks(self) -> List[HardLink]:
        """The further names of things that have several in the tree; the first name is the thing's own."""
        first: Dict[Identity, str] = {}
        further = []
        shared = {**self.files.shared, **self.links.shared}
        for path in sorted(shared.keys() - set(self._followed)):
            own = first.setdefault(shared[path], path)
            if own != path:
                further.append(HardLink(path, own))
        return further

    def _sparse(self, files: FoundRows, tree: bool) -> Tuple[Sparse, ...]:
        if not files.held:
            return ()
        rows = [(number, path) for number, path in enumerate(files.paths) if path in files.held]
        at = ((number, self._at(path) if tree else self._path, path) for number, path in rows)
        held = ((number, held_bytes(where, files.sizes[number], files.held[path])) for number, where, path in at)
        return tuple(Sparse(number, size) for number, size in held if size >= 0)

    def _traits(self, paths: Sequence[str]) -> Tuple[Tuple[Tuple[str, int], ...], Tuple[Trait, ...]]:
        """Owner and attributes of each path, and the different ones among them."""
        if not self.rules.owner and not self.rules.xattrs:
            return (), ()
        kinds: Dict[Trait, int] = {}
        traits, followed = [], frozenset(self._followed)
        for path in paths:
            follow = path in followed
            trait = trait_of(self._at(path), os.stat(self._at(path), follow_symlinks=follow), self.rules, follow)
            traits.append((path, kinds.setdefault(trait, len(kinds))))
        return tuple(traits), tuple(kinds)

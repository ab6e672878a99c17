"""Scans a payload on disk: names, sizes, modes, times, links and what else the rules carry; no bytes are read."""

from __future__ import annotations

import os
import stat
from typing import Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from peer.core import treelinks
from peer.core.errors import ConfigError
from peer.core.filetable import FileEntry, FileTable
from peer.core.listing import listed, quoted
from peer.core.manifest import FolderEntry, Manifest
from peer.core.payloadnames import check_names
from peer.core.treelinks import ROUND, Fault
from peer.core.treeparts import HardLink, LinkEntry, Sparse, Trait, TreeParts, times_of
from peer.core.treerules import FOLLOW, KEEP, SKIP, Excluder, TreeRules
from peer.core.tuples import NamedTuple
from peer.edge.holes import held_bytes
from peer.edge.traits import trait_of

_SHOWN = 20  # names in an error
_STORE = os.path.join("..", "..", "blobs")  # of a model cache, beside the folder of its snapshots


class Scanned(NamedTuple):
    """A payload without hashes, in pieces of one byte. Files and bytes excluded; special files that were left out."""

    manifest: Manifest
    left_files: int = 0
    left_bytes: int = 0
    skipped: Tuple[str, ...] = ()


class Found(NamedTuple):
    """One entry of a tree: its path below the top, its facts, and whether it was found through a link."""

    path: str
    info: os.stat_result
    followed: bool = False


def scan(path: str, name: str, rules: TreeRules) -> Scanned:
    """The payload at `path`, which may be a link. What can't be part of it is a ConfigError. Raises OSError.

    A model cache's snapshot is nothing without what its links point to, so they are followed.
    """
    path = os.path.realpath(path)
    info = os.stat(path)
    if not stat.S_ISREG(info.st_mode) and not stat.S_ISDIR(info.st_mode):
        raise ConfigError(quoted(path), "neither a file nor a folder", "name a file or a folder")
    one = _Scan(path, name, rules)
    if stat.S_ISDIR(info.st_mode):
        one.walk()
        if one.is_snapshot:
            return scan(path, name, rules._replace(links=FOLLOW))
    else:
        one.files.append(Found(name, info))
    one.refuse()
    return Scanned(one.manifest(info), one.left_files, one.left_bytes, tuple(one.special))


class _Scan:
    def __init__(self, top: str, name: str, rules: TreeRules) -> None:
        self._top = top
        self._name = name
        self._rules = rules
        self._excluder = Excluder(rules.exclude)
        self.files: List[Found] = []
        self.folders: List[Found] = []
        self.links: List[Tuple[Found, str]] = []
        self.special: List[str] = []
        self.faults: List[Fault] = []
        self.left_files = 0
        self.left_bytes = 0

    # ---- finding

    def walk(self) -> None:
        """Find everything in the tree. A deep one needs no deep stack."""
        left: List[Tuple[str, FrozenSet[Tuple[int, int]]]] = [("", frozenset())]
        while left:
            below, above = left.pop()
            if self._rules.links == FOLLOW:
                above |= {_identity(os.stat(self._at(below)))}
            for found in self._entries(below):
                if self._take(found, above):
                    left.append((found.path, above))

    def _entries(self, below: str) -> Iterator[Found]:
        with os.scandir(self._at(below)) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                yield Found(path, entry.stat(follow_symlinks=False))

    def _take(self, found: Found, above: FrozenSet[Tuple[int, int]]) -> bool:
        """Note one entry; True for a folder whose contents belong to the payload too."""
        if self._excluder.excludes(found.path, stat.S_ISDIR(found.info.st_mode)):
            self._leave_out(found)
            return False
        if stat.S_ISLNK(found.info.st_mode):
            target = os.readlink(self._at(found.path))
            if self._rules.links != FOLLOW:
                self.links.append((found, target))
                return False
            there = self._followed(found, target, above)
            if there is None:
                return False
            found = there
        if stat.S_ISDIR(found.info.st_mode):
            self.folders.append(found)
            return True
        if stat.S_ISREG(found.info.st_mode):
            self.files.append(found)
        else:
            self.special.append(found.path)
        return False

    def _followed(self, found: Found, target: str, above: FrozenSet[Tuple[int, int]]) -> Optional[Found]:
        """What a link points to; None if that is nothing, or a folder that we are in."""
        try:
            info = os.stat(self._at(found.path))
        except OSError:
            self.faults.append(Fault(found.path, target, treelinks.DANGLING))
            return None
        if _identity(info) in above:
            self.faults.append(Fault(found.path, target, ROUND))
            return None
        return Found(found.path, info, True)

    def _leave_out(self, found: Found) -> None:
        """Count what is excluded."""
        left = [found]
        while left:
            one = left.pop()
            if stat.S_ISDIR(one.info.st_mode):
                left += self._entries(one.path)
            else:
                self.left_files += 1
                self.left_bytes += one.info.st_size if stat.S_ISREG(one.info.st_mode) else 0

    def _at(self, below: str) -> str:
        return os.path.join(self._top, below) if below else self._top

    @property
    def is_snapshot(self) -> bool:
        """Whether it has links, and by the rules they would be kept, but all lead to files of a store beside it."""
        store = os.path.realpath(os.path.join(self._top, _STORE))
        targets = [os.path.realpath(self._at(found.path)) for found, _ in self.links if self._rules.links == KEEP]
        return bool(targets) and all(os.path.dirname(one) == store and os.path.isfile(one) for one in targets)

    # ---- refusing

    def refuse(self) -> None:
        """Refuse what a copy can't have. All of it is named: who has one such link has many. Raises ConfigError."""
        if self._rules.links == KEEP:
            targets = {found.path: target for found, target in sorted(self.links)}
            self.faults = treelinks.faults(
                targets, (one.path for one in self.files), (one.path for one in self.folders)
            )
        if self.faults:
            raise ConfigError(quoted(self._top), *treelinks.told(self.faults, follow=self._rules.links == FOLLOW))
        if self.special and self._rules.special != SKIP:
            names = listed([quoted(name) for name in sorted(self.special)], _SHOWN)
            problem = f"{names}: a device, pipe or socket"
            raise ConfigError(quoted(self._top), problem, "write `special: skip` to leave it out, or take it away")
        leaves = [one.path for one in self.files] + [one.path for one, _ in self.links]
        check_names(self._name, sorted(leaves), [one.path for one in self.folders], quoted(self._top))

    # ---- the result

    def manifest(self, top: os.stat_result) -> Manifest:
        """All of it, sorted."""
        hardlinks = self._hardlinks()
        names = {link.path for link in hardlinks}
        files = sorted(one for one in self.files if one.path not in names)
        folders = sorted(self.folders)
        links = sorted(one for one in self.links if one[0].path not in names)
        table = FileTable.of(FileEntry(one.path, one.info.st_size, self._mode(one.info)) for one in files)
        tree = stat.S_ISDIR(top.st_mode)
        below = [*files, *folders, *(one for one, _ in links)] if tree else []
        traits, kinds = self._traits([Found("", top), *below])
        parts = TreeParts(
            rules=self._rules,
            links=tuple(LinkEntry(one.path, target) for one, target in links),
            hardlinks=tuple(hardlinks),
            sparse=self._sparse(files, tree),
            top_time=top.st_mtime_ns if self._rules.times and tree else 0,
            file_times=self._times(files),
            folder_times=self._times(folders),
            link_times=self._times([one for one, _ in links]),
            traits=traits,
            kinds=kinds,
        )
        entries = tuple(FolderEntry(one.path, self._mode(one.info)) for one in folders)
        mode = self._mode(top) if tree else 0o755
        return Manifest(self._name, tree, 1, 1, table, entries, root_mode=mode, parts=parts)

    def _mode(self, info: os.stat_result) -> int:
        return stat.S_IMODE(info.st_mode) & (0o7777 if self._rules.setuid else 0o777)

    def _times(self, rows: List[Found]) -> Sequence[int]:
        return times_of(one.info.st_mtime_ns for one in rows) if self._rules.times else ()

    def _hardlinks(self) -> List[HardLink]:
        """The further names of things that have several in the tree; the first name is the thing's own."""
        first: Dict[Tuple[int, int], str] = {}
        further = []
        for one in sorted([*self.files, *(one for one, _ in self.links)]):
            if one.info.st_nlink > 1 and not one.followed:
                own = first.setdefault(_identity(one.info), one.path)
                if own != one.path:
                    further.append(HardLink(one.path, own))
        return further

    def _sparse(self, files: List[Found], tree: bool) -> Tuple[Sparse, ...]:
        at = ((number, self._at(one.path) if tree else self._top, one.info) for number, one in enumerate(files))
        held = ((number, held_bytes(path, info)) for number, path, info in at)
        return tuple(Sparse(number, size) for number, size in held if size >= 0)

    def _traits(self, rows: List[Found]) -> Tuple[Tuple[Tuple[str, int], ...], Tuple[Trait, ...]]:
        """Owner and attributes of each path, and the different ones among them."""
        if not self._rules.owner and not self._rules.xattrs:
            return (), ()
        kinds: Dict[Trait, int] = {}
        traits = []
        for one in rows:
            trait = trait_of(self._at(one.path), one.info, self._rules, one.followed)
            traits.append((one.path, kinds.setdefault(trait, len(kinds))))
        return tuple(traits), tuple(kinds)


def _identity(info: os.stat_result) -> Tuple[int, int]:
    return info.st_dev, info.st_ino


def beside_seed(path: str, manifest: Manifest) -> List[str]:
    """The leaves in a seed's tree that are neither in the payload nor left out by its rules. Raises OSError."""
    rules = manifest.parts.rules
    found = _Scan(os.path.realpath(path), manifest.name, rules)
    found.walk()
    paths = {one.path for one in found.files}.union(one.path for one, _ in found.links)
    if rules.special != SKIP:
        paths.update(found.special)
    return sorted(paths.difference(manifest.leaves))

"""Gives a complete copy what isn't bytes: links, further names, owners, attributes, modes and times, in this order."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Callable, Iterable

from peer.core.manifest import Manifest
from peer.core.treeparts import Trait
from peer.core.treerules import TreeRules
from peer.edge.modes import set_mode
from peer.edge.traits import give_owner, give_xattrs, has_owner


def add(manifest: Manifest, root: str) -> None:
    """Make links and further names in the copy at `root`, a work folder of ours, and give all of it its owners.

    An earlier start may have come half the way. Nothing is a link here yet that a file could be written through.
    """
    rules, kinds = manifest.parts.rules, manifest.parts.kinds
    for link in manifest.parts.links:
        _unlink(_at(root, link.path))
        os.symlink(link.target, _at(root, link.path))
    for one in manifest.parts.hardlinks:
        _unlink(_at(root, one.path))
        os.link(_at(root, one.to), _at(root, one.path), follow_symlinks=False)
    for path, kind in manifest.parts.traits:
        give_traits(_at(root, path), kinds[kind], rules)
    for path, mode in zip(_paths(manifest), manifest.files.modes):
        lost = rules.owner or mode > 0o777  # a new owner, or a write, costs a file its setuid bit
        if lost and stat.S_IMODE(os.lstat(_at(root, path)).st_mode) != mode:
            set_mode(_at(root, path), mode)


def give_traits(path: str, trait: Trait, rules: TreeRules) -> None:
    """Give a file, folder or link its owner and attributes, if they are carried: a new owner takes some of these."""
    if rules.owner and not has_owner(os.lstat(path), trait.owner):
        give_owner(path, trait.owner)
    if rules.xattrs:
        give_xattrs(path, trait)


def give_times(manifest: Manifest, root: str, has_time: Callable[[int], bool] = lambda _: False) -> None:
    """Give links, and files by their numbers, the times that they haven't yet; nothing may be written after it."""
    parts = manifest.parts
    for number, (path, time) in enumerate(zip(_paths(manifest), parts.file_times)):
        if not has_time(number):
            set_time(_at(root, path), time)
    for link, time in zip(parts.links, parts.link_times):
        set_time(_at(root, link.path), time)


def close(manifest: Manifest, root: str) -> None:
    """Give the folders of a tree their modes and times, each after what is in it."""
    if not manifest.tree:
        return
    times = dict(zip((folder.path for folder in manifest.folders), manifest.parts.folder_times))
    for folder in sorted(manifest.folders, reverse=True):
        set_mode(_at(root, folder.path), folder.mode)
        if folder.path in times:
            set_time(_at(root, folder.path), times[folder.path])
    set_mode(root, manifest.root_mode)
    if manifest.parts.rules.times:
        set_time(root, manifest.parts.top_time)


def set_time(path: str, time: int) -> None:
    """Give a file, folder or link its time of change in nanoseconds, where the file system takes it."""
    with contextlib.suppress(OSError, OverflowError, NotImplementedError):
        info = os.lstat(path)
        if info.st_mtime_ns != time:
            os.utime(path, ns=(info.st_atime_ns, time), follow_symlinks=False)


def _paths(manifest: Manifest) -> Iterable[str]:
    return manifest.files.paths if manifest.tree else [""]


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _at(root: str, path: str) -> str:
    return os.path.join(root, path) if path else root

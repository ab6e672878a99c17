"""Switches a payload's name from the old version to the new one atomically, and finishes a switch after a crash.

A work folder holds `new` (the next version) and `old` (the version that it replaced): foreign things in an old tree are
moved to the new one, and only things that are ours are removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from itertools import chain
from typing import Iterable, Iterator, List, Sequence

from peer.core.tuples import NamedTuple
from peer.edge.modes import set_mode
from peer.edge.ours import trees
from peer.edge.ours.mounts import is_mount, mount_points
from peer.edge.ours.naming import exchange, put
from peer.edge.ours.recordfile import ForeignError, RecordFile, foreign

NEW, OLD = "new", "old"
_COMPLETE = "complete"  # noted for a work folder when its new version is complete, and the switch may begin
_MOVE_AWAY = "move it away, or have its owner do it"
FOUND = ".before-weft"  # the suffix for things put aside, if the run has no name


class Wanted(NamedTuple):
    """The names that a new version needs: whether it is a tree, and the paths below it; `leaves` are all but folders.

    They are gone through once, and only where something is in the old version that isn't ours.
    """

    tree: bool
    leaves: Iterable[str] = ()
    folders: Iterable[str] = ()


def check(record: RecordFile, final: str, wanted: Wanted, replace: bool = False) -> List[str]:
    """The foreign things at `final` that may stay next to the new version. Raises ForeignError if one is in the way.

    `replace`: things in the way will be put aside, so only one that can't be moved raises.
    """
    if not os.path.lexists(final):
        return []
    if not record.is_ours(final):
        if not replace or is_mount(final):
            raise foreign(final)
        _need_movable(final)
        return []
    extras = _extras(record, final) if _is_folder(final) else []
    if not extras:
        return []
    leaves, mounted = set(wanted.leaves), mount_points()
    taken = _with_folders({*leaves, *wanted.folders})
    for path in extras:
        full = os.path.join(final, path)
        if full in mounted:
            raise foreign(full)
        if (path in taken or not leaves.isdisjoint(_above(path))) and not replace:
            raise ForeignError(full, "another program or user changed it or put it there")
        if not wanted.tree and not replace:
            raise ForeignError(full, "Weft has no record of making it, and the payload is a file now")
        _need_movable(full)
    return extras


def _extras(record: RecordFile, final: str) -> List[str]:
    """The foreign things in an old version. Raises ForeignError where it can't be removed."""
    extras = trees.foreign(final, _ours(record, final))
    _need_changeable(final, extras)
    return extras


def _need_movable(path: str) -> None:
    """Raise ForeignError for a foreign folder that can't be moved, because that would change `..` in it."""
    if _is_folder(path) and not os.access(path, os.W_OK):
        raise ForeignError(path, "Weft has no record of making it, and this user may not move it", _MOVE_AWAY)


def _need_changeable(final: str, extras: Sequence[str]) -> None:
    """Raise ForeignError for a folder of an old version from which this user can't remove anything."""
    theirs = set(extras)
    for path in ["", *trees.folders(final, theirs)]:
        full = os.path.join(final, path) if path else final
        owner = os.lstat(full).st_uid
        if owner != os.geteuid() and not os.access(full, os.W_OK | os.X_OK):
            raise ForeignError(full, f"user {owner} owns it now, and this user may not write there", _MOVE_AWAY)


def note(record: RecordFile, work: str, final: str) -> None:
    """Note each thing of a new version, complete in `work`, by its path below `final`."""
    new = os.path.join(work, NEW)
    below = trees.everything(new) if _is_folder(new) else ()
    things = ((f"{final}/{path}", info) for path, info in below)
    record.made_all(chain([(final, os.lstat(new))], things))
    record.remark(_COMPLETE, work)


def turn(record: RecordFile, work: str, final: str, aside: str) -> None:
    """Rename `work`/new, complete and noted, to `final`; the thing that had this name is in `work`/old until `recover`.

    `aside`: the suffix for a foreign thing with that name; if it is empty, ForeignError is raised.
    """
    new, old = os.path.join(work, NEW), os.path.join(work, OLD)
    if not os.path.lexists(final):
        with _movable(new):
            put(new, final)
        return
    mine = record.is_ours(final)
    if not mine and not aside:
        raise foreign(final)
    if mine and not _is_folder(final) and not _is_folder(new):
        os.replace(new, final)
        return
    with _movable(new), _movable(final) if mine else contextlib.nullcontext():
        if exchange(new, final):
            os.rename(new, old)
        else:
            os.rename(final, old)
            os.rename(new, final)


@contextlib.contextmanager
def _movable(path: str) -> Iterator[None]:
    """While the block runs, a read-only folder of ours may be moved: the system wants to write `..` in it."""
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    if not _is_folder(path) or mode & 0o200:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        set_mode(descriptor, mode | 0o200)
        yield
    finally:
        set_mode(descriptor, mode)
        os.close(descriptor)


def sweep(record: RecordFile, aside: str) -> None:
    """Finish or remove everything that this record's writer began before it started again."""
    for work, final in record.work():
        if final and os.path.isdir(work):
            recover(record, work, final, aside)
        discard(record, work)


def discard(record: RecordFile, work: str) -> None:
    """Remove the thing at a temporary path."""
    trees.clear(work)
    record.gone(work)


def recover(record: RecordFile, work: str, final: str, aside: str) -> None:
    """Complete a switch, or undo one that was cut short, so that the name has a complete version.

    Foreign things of an old tree are moved to the new version, and the rest is removed.
    """
    suffix = aside or FOUND
    new, old = os.path.join(work, NEW), os.path.join(work, OLD)
    both = record.has_note(_COMPLETE, work) and os.path.lexists(new) and os.path.lexists(final)
    if both and record.is_newest(final, final) and not record.is_newest(final, new):  # exchanged, not renamed yet
        os.rename(new, old)
    if not os.path.lexists(old):
        return
    if not os.path.lexists(final):  # a system that can't exchange
        with _movable(old):
            put(old, final)
    elif record.knows(final, os.lstat(old)):
        _finish(record, old, final, suffix)
    else:
        put(old, os.path.join(os.path.dirname(final), trees.aside_name(os.path.basename(final), suffix)))


def _finish(record: RecordFile, old: str, final: str, suffix: str) -> None:
    ours = _ours(record, final)
    if _is_folder(old) and _is_folder(final):
        trees.carry(old, final, ours, suffix, lambda path: record.made(os.path.join(final, path)))
    stays = trees.clear(old, ours)
    if stays:
        put(old, os.path.join(os.path.dirname(final), trees.aside_name(os.path.basename(final), suffix)))


def _ours(record: RecordFile, final: str) -> trees.Ours:
    def ours(path: str, info: os.stat_result) -> bool:
        return record.knows(os.path.join(final, path) if path else final, info)

    return ours


def _with_folders(paths: "set[str]") -> "set[str]":
    """These paths, with the folders above them."""
    names = set(paths)
    for path in paths:
        for above in _above(path):
            if above in names:
                break
            names.add(above)
    return names


def _above(path: str) -> Iterator[str]:
    """The folders that a path is in."""
    while "/" in path:
        path = os.path.dirname(path)
        yield path


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)

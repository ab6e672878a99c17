"""Turns a payload's name from the old version to the new one in one step, and finishes what a crash cut short.

In a work folder lie `new` (the version that comes) and `old` (what the turn brought back): what is foreign in an old
tree is carried over to the new one, and only what is ours is removed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Iterator, List, NamedTuple, Sequence

from peer.edge.modes import set_mode
from peer.edge.ours import trees
from peer.edge.ours.naming import exchange, put
from peer.edge.ours.recordfile import ForeignError, RecordFile

NEW, OLD = "new", "old"
_COMPLETE = "complete"  # noted of a work folder when its new version is, and may be about to turn
_MOVE_AWAY = "move it away, or have its owner do it"
FOUND = ".before-weft"  # goes behind the name of what is put aside where nobody says which run does it


class Wanted(NamedTuple):
    """What a new version needs names for: whether it is a tree, and the paths below it."""

    tree: bool
    paths: Sequence[str] = ()


def check(record: RecordFile, final: str, wanted: Wanted, replace: bool = False) -> List[str]:
    """What stands at `final` and isn't ours but may stay beside the new version. ForeignError where it is in the way.

    `replace`: what is in the way is put aside, so that only what can't be moved is.
    """
    if not os.path.lexists(final):
        return []
    if not record.is_ours(final):
        if not replace:
            raise ForeignError(final)
        _need_movable(final)
        return []
    if not _is_folder(final):
        return []
    extras = trees.foreign(final, _ours(record, final))
    _need_changeable(final, extras)
    taken = _names(wanted)
    for path in extras:
        full = os.path.join(final, path)
        if path in taken and not replace:
            raise ForeignError(full, "it was changed, or put there, by somebody else")
        if not wanted.tree and not replace:
            raise ForeignError(full, "no record says that Weft made it, and the payload is a file now")
        _need_movable(full)
    return extras


def _need_movable(path: str) -> None:
    """ForeignError for somebody's folder that can't be moved: the system wants to write `..` in it."""
    if _is_folder(path) and not os.access(path, os.W_OK):
        raise ForeignError(path, "no record says that Weft made it, and this user may not move it", _MOVE_AWAY)


def _need_changeable(final: str, extras: Sequence[str]) -> None:
    """ForeignError for a folder of an old version from which this user can't remove anything."""
    theirs = set(extras)
    for path in ["", *trees.folders(final, theirs)]:
        full = os.path.join(final, path) if path else final
        owner = os.lstat(full).st_uid
        if owner != os.geteuid() and not os.access(full, os.W_OK | os.X_OK):
            raise ForeignError(full, f"it is user {owner}'s now, and this user may not write there", _MOVE_AWAY)


def note(record: RecordFile, work: str, final: str) -> None:
    """Note each thing of a new version, complete in `work`, as what it will be at `final`."""
    new = os.path.join(work, NEW)
    below = trees.everything(new) if _is_folder(new) else []
    record.made_all([(final, new), *((os.path.join(final, path), os.path.join(new, path)) for path in below)])
    record.remark(_COMPLETE, work)


def turn(record: RecordFile, work: str, final: str, aside: str) -> None:
    """Give `work`/new, complete and noted as `final`, that name; what had it lies in `work`/old, until `recover`.

    `aside` goes behind the name of what isn't ours and has that name; ForeignError where it is empty.
    """
    new, old = os.path.join(work, NEW), os.path.join(work, OLD)
    if not os.path.lexists(final):
        with _movable(new):
            put(new, final)
        return
    mine = record.is_ours(final)
    if not mine and not aside:
        raise ForeignError(final)
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
    """Finish or remove all that this record's writer began in an earlier life."""
    for work, final in record.work():
        if final and os.path.isdir(work):
            recover(record, work, final, aside)
        discard(record, work)


def discard(record: RecordFile, work: str) -> None:
    """Remove what lies at a fresh name."""
    trees.clear(work)
    record.gone(work)


def recover(record: RecordFile, work: str, final: str, aside: str) -> None:
    """Bring a turn to its end, or where it was cut short back to where it began: the name has a complete version.

    Of an old tree, what isn't ours moves to the new version and the rest goes.
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


def _names(wanted: Wanted) -> "set[str]":
    """The paths that a version takes, with the folders above them."""
    names = set(wanted.paths)
    for path in wanted.paths:
        above = os.path.dirname(path)
        while above and above not in names:
            names.add(above)
            above = os.path.dirname(above)
    return names


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)

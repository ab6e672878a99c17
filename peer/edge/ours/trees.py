"""Walks, empties and merges trees of any depth; it never follows links, and removes only things that are ours."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Callable, Collection, Iterator, List, Optional, Tuple

from peer.core.tuples import NamedTuple
from peer.edge import pulse
from peer.edge.modes import set_mode
from peer.edge.ours.naming import put

Ours = Callable[[str, os.stat_result], bool]  # path below the top ("" is the top itself), and its facts


def anything(_path: str, _info: os.stat_result) -> bool:
    """For a temporary folder of ours: everything in it may be removed."""
    return True


class _Level(NamedTuple):
    """One of the folders that we are in. `name`: in its parent; `prefix`: what comes before its entries in their paths
    below the top; `names`: of the entries that we haven't seen yet."""

    name: str
    prefix: str
    names: List[str]
    device: int
    inode: int


class Walk:
    """Walks a tree depth first with one open folder at a time, so that depth and length of paths don't matter."""

    def __init__(self, top: str) -> None:
        self.descriptor = _open_folder(top)
        self._levels = [_level_of(self.descriptor, "", "")]

    def below(self, name: str = "") -> str:
        """The path of an entry of the folder we are in, below the top."""
        prefix = self._levels[-1].prefix
        return prefix + name if name else prefix[:-1]

    def next(self) -> Optional[str]:
        """The next entry of the folder we are in; None after the last."""
        pulse.beat()
        return self._levels[-1].names.pop() if self._levels[-1].names else None

    def enter(self, name: str) -> None:
        """Enter a folder. Raises OSError if that fails."""
        inner = _open_folder(name, self.descriptor)
        try:
            self._levels.append(_level_of(inner, name, f"{self._levels[-1].prefix}{name}/"))
        except OSError:
            os.close(inner)
            raise
        os.close(self.descriptor)
        self.descriptor = inner

    def leave(self) -> Optional[str]:
        """Go up; returns the name of the folder that we left, None at the top."""
        if len(self._levels) == 1:
            os.close(self.descriptor)
            return None
        above = self._levels[-2]
        upper = _open_folder("..", self.descriptor)
        os.close(self.descriptor)
        self.descriptor = upper
        info = os.fstat(upper)
        if (info.st_dev, info.st_ino) != (above.device, above.inode):
            raise OSError(f"{self.below()}: it was moved while we were in it")
        return self._levels.pop().name


def clear(top: str, ours: Ours = anything) -> List[str]:
    """Remove our things from the tree, file or link at `top`, and `top` if it is empty then; returns what stays."""
    info = _lstat(top)
    if info is None:
        return []
    if stat.S_ISDIR(info.st_mode):
        if ours("", info):
            _open_up(top, info)
        stays = _clear_below(top, ours)
        _rmdir(top, None, ours("", info))
        return stays
    if not ours("", info):
        return [""]
    os.unlink(top)
    return []


def _clear_below(top: str, ours: Ours) -> List[str]:
    walk = Walk(top)
    stays: List[str] = []
    while True:
        name = walk.next()
        if name is not None:
            stays += _clear_one(walk, name, ours)
            continue
        left = walk.leave()
        if left is None:
            return stays
        _rmdir(left, walk.descriptor, ours(walk.below(left), os.lstat(left, dir_fd=walk.descriptor)))


def _rmdir(name: str, above: Optional[int], ours: bool) -> None:
    with contextlib.suppress(OSError):  # it isn't empty
        if ours:
            os.rmdir(name, dir_fd=above)


def _clear_one(walk: Walk, name: str, ours: Ours) -> List[str]:
    info = os.lstat(name, dir_fd=walk.descriptor)
    path = walk.below(name)
    if not stat.S_ISDIR(info.st_mode):
        if not ours(path, info):
            return [path]
        os.unlink(name, dir_fd=walk.descriptor)
        return []
    if not ours(path, info):
        return [path]
    _open_up(name, info, walk.descriptor)
    walk.enter(name)
    return []


def foreign(top: str, ours: Ours) -> List[str]:
    """The foreign things in the tree at `top`: only the path of a foreign folder, not its contents."""
    return sorted(one.path for one in _walk(top, ours) if not one.ours)


def everything(top: str) -> Iterator[Tuple[str, os.stat_result]]:
    """All paths below `top` with their facts, one at a time: there may be a hundred thousand."""
    return ((one.path, one.info) for one in _walk(top, anything))


def folders(top: str, without: Collection[str] = ()) -> List[str]:
    """The folders below `top`, but for those of `without` and what is in them."""
    found = _walk(top, lambda path, _: path not in without)
    return [one.path for one in found if one.ours and stat.S_ISDIR(one.info.st_mode)]


class _Entry(NamedTuple):
    """Something below the top of a tree."""

    path: str
    info: os.stat_result
    ours: bool


def _walk(top: str, ours: Ours) -> Iterator[_Entry]:
    """Everything below `top`, but for what is in folders that aren't ours."""
    walk = Walk(top)
    while True:
        name = walk.next()
        if name is None:
            if walk.leave() is None:
                return
            continue
        path, info = walk.below(name), os.lstat(name, dir_fd=walk.descriptor)
        one = _Entry(path, info, ours(path, info))
        yield one
        if one.ours and stat.S_ISDIR(info.st_mode):
            walk.enter(name)


def carry(old: str, new: str, ours: Ours, suffix: str, made: "Callable[[str], None]") -> List[str]:
    """Move foreign things from the tree `old` to the same place in `new`, and remove the rest; returns their paths.

    If `new` has something of ours by that name, the foreign one gets `suffix` after its name. `made` is called with
    each folder below `new` that had to be made.
    """
    moved = foreign(old, ours)
    for path in moved:
        _carry_one(old, new, path, suffix, made)
    clear(old, ours)
    return moved


def _carry_one(old: str, new: str, path: str, suffix: str, made: "Callable[[str], None]") -> None:
    folder, name = os.path.split(path)
    goal = os.path.join(new, _make_folders(old, new, folder, suffix, made))
    above = os.lstat(goal)
    set_mode(goal, stat.S_IMODE(above.st_mode) | 0o700)  # the payload's folders may be read-only
    try:
        put(os.path.join(old, path), os.path.join(goal, name))
    except FileExistsError:
        put(os.path.join(old, path), os.path.join(goal, aside_name(name, suffix)))
    finally:
        set_mode(goal, stat.S_IMODE(above.st_mode))
        with contextlib.suppress(OSError):
            os.utime(goal, ns=(above.st_atime_ns, above.st_mtime_ns))  # the payload's folders have their times


def aside_name(name: str, suffix: str) -> str:
    """`name` with `suffix` after it, cut to the length that a folder allows."""
    while len(os.fsencode(name + suffix)) > 255:
        name = name[:-1]
    return name + suffix


def _make_folders(old: str, new: str, folder: str, suffix: str, made: "Callable[[str], None]") -> str:
    """Keep a folder that left the payload if something foreign is in it; its path below `new`.

    Where `new` has a file or a link by that name the folder gets `suffix` after its own: no link is followed.
    """
    at = before = ""
    for part in folder.split("/") if folder else ():
        before = os.path.join(before, part)
        kept = os.path.join(at, part)
        if os.path.lexists(os.path.join(new, kept)) and not _is_real_folder(os.path.join(new, kept)):
            kept = os.path.join(at, aside_name(part, suffix))
        at = kept
        if not _is_real_folder(os.path.join(new, at)):
            os.mkdir(os.path.join(new, at), stat.S_IMODE(os.lstat(os.path.join(old, before)).st_mode) | 0o700)
            made(at)
    return at


def _is_real_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _open_up(name: str, info: os.stat_result, above: Optional[int] = None) -> None:
    """Make a read-only folder of ours writable, to empty it."""
    if stat.S_IMODE(info.st_mode) & 0o700 != 0o700:
        with contextlib.suppress(PermissionError):
            os.chmod(name, 0o700, dir_fd=above)


def _open_folder(name: str, above: Optional[int] = None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=above)


def _level_of(descriptor: int, name: str, prefix: str) -> _Level:
    info = os.fstat(descriptor)
    return _Level(name, prefix, os.listdir(descriptor), info.st_dev, info.st_ino)


def _lstat(path: str) -> Optional[os.stat_result]:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None

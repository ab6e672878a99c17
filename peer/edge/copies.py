"""The one notion of a right copy, but for its bytes: what differs from the manifest, and what of it can be corrected.

Start, `up` and `verify` judge by it; they compare the bytes by hash.
"""

from __future__ import annotations

import contextlib
import os
import stat
from functools import partial
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Union

from peer.core.listing import quoted
from peer.core.manifest import Manifest
from peer.core.treeparts import Trait
from peer.core.treerules import FOLLOW, TreeRules
from peer.core.tuples import NamedTuple
from peer.edge import finish
from peer.edge.modes import keeps_modes, set_mode
from peer.edge.ours.making import make_folder, make_hardlink, make_link
from peer.edge.ours.recordfile import RecordFile
from peer.edge.traits import has_owner, has_xattrs
from peer.edge.trial import trying

MISSING, BYTES, LINK, MODE, TIME, OWNER = "missing", "bytes", "link", "mode", "time", "owner"
XATTRS, FOLDER_TIME, BESIDE = "attributes", "time of a folder", "beside"
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
Value = Union[int, str]


class Difference(NamedTuple):
    """One thing that differs from the manifest, and in what. The path is below the top; "" is the top itself."""

    path: str
    kind: str
    wanted: Value = ""
    found: Value = ""

    @property
    def matters(self) -> bool:
        """Whether a copy with it is wrong. Whoever puts a file into a folder changes the folder's time."""
        return self.kind != FOLDER_TIME

    def __str__(self) -> str:
        name = quoted(self.path or ".")
        if self.kind == MODE:
            return f"{name} ({self.found:04o} instead of {self.wanted:04o})"
        if self.kind == BYTES and self.wanted != self.found:
            return f"{name} ({self.found} bytes instead of {self.wanted})"
        if self.kind == LINK:
            return f"{name} ({quoted(str(self.found))} instead of {quoted(str(self.wanted))})"
        return name


class _Wanted(NamedTuple):
    """One entry of the manifest. `format`: of its mode; size of a file, target of a link; `time`: None if any is."""

    path: str
    format: int
    mode: int = 0
    size: int = 0
    target: str = ""
    time: Optional[int] = None


def differences(manifest: Manifest, path: str, seed: bool = False) -> List[Difference]:
    """How the copy at `path` differs. What its file system can't keep doesn't count.

    `seed`: it is the payload itself, whose times count as they are, and whose links may have been followed.
    """
    top = list(_of_top(manifest, path))
    if top:
        return top
    found = [*_compared(manifest, path, seed), *_apart(manifest, path), *_traits(manifest, path, seed)]
    if not any(one.kind in (MODE, TIME, FOLDER_TIME) for one in found):
        return found
    above = os.path.dirname(os.path.realpath(path))
    if any(one.kind == MODE for one in found) and not keeps_modes(above):
        found = [one for one in found if one.kind != MODE]
    with trying(above) as trial:
        return [
            one
            for one in found
            if one.kind not in (TIME, FOLDER_TIME) or not trial.is_right_time(int(one.wanted), int(one.found))
        ]


def is_right(manifest: Manifest, path: str, record: Optional[RecordFile] = None) -> bool:
    """Whether a copy whose bytes are right is right in all else; what is ours by the record is corrected before.

    Nothing is changed if something that matters can't be corrected.
    """
    found = differences(manifest, path)
    if not found or record is None:
        return not any(one.matters for one in found)
    if not is_ours_to_change(manifest, path, found, record):
        return False
    _put_right(manifest, path, found, record)
    return not any(one.matters for one in differences(manifest, path))


def _put_right(manifest: Manifest, path: str, found: Iterable[Difference], record: RecordFile) -> None:
    missing = {one.path for one in found if one.kind == MISSING}
    makers = _makers(manifest, path, record) if missing else {}
    for below in sorted(missing):  # a folder before what is in it
        _make(_at(path, below), makers[below])
    traits, kinds = dict(manifest.parts.traits), manifest.parts.kinds
    for one in sorted(differences(manifest, path), reverse=True):  # and closed after it
        if not record.made_here(_at(path, one.path)):
            if one.kind == TIME:
                finish.set_time(_at(path, one.path), int(one.wanted))
        elif one.kind in (OWNER, XATTRS):
            _give_traits(_at(path, one.path), kinds[traits[one.path]], manifest.parts.rules)
        else:
            _correct(_at(path, one.path), one, record)


def is_ours_to_change(manifest: Manifest, path: str, found: Iterable[Difference], record: RecordFile) -> bool:
    """Whether all that matters can be corrected: it is ours, or is a folder or a link that isn't there.

    The time of a foreign file whose bytes are right is corrected too: somebody copied it there without its time.
    """
    makeable = {folder.path for folder in manifest.folders}.union(manifest.parts.leaves)
    for one in found:
        if one.kind == MISSING and one.path not in makeable:
            return False
        if one.kind in (BYTES, LINK):
            return False
        if one.kind not in (MISSING, TIME) and one.matters and not record.made_here(_at(path, one.path)):
            return False
    return True


# ---- finding


def _of_top(manifest: Manifest, path: str) -> Iterator[Difference]:
    """Another thing, or nothing, where the payload belongs: then nothing below it is worth telling."""
    wanted = stat.S_IFDIR if manifest.tree else stat.S_IFREG
    try:
        found = stat.S_IFMT(os.stat(path).st_mode)
    except OSError:
        yield Difference("", MISSING)
        return
    if found != wanted:
        yield _other(_Wanted("", wanted), found)


def _other(wanted: _Wanted, found: int) -> Difference:
    kind = _KINDS.get(found, "device, pipe or socket")
    return Difference(wanted.path, LINK, f"a {_KINDS[wanted.format]}", f"a {kind}")


def _compared(manifest: Manifest, path: str, seed: bool) -> Iterator[Difference]:
    """Type, size, mode, time and target of each entry; mostly one look at a file tells that it is as it should be."""
    look = os.stat if seed and manifest.parts.rules.links == FOLLOW else os.lstat
    for wanted in _wanted(manifest):
        below, kind, mode, size, _, time = wanted
        try:
            info = look(f"{path}/{below}") if below else os.stat(path)
        except OSError:
            yield Difference(below, MISSING)
            continue
        right = info.st_mode == kind | mode and info.st_size == size and kind == stat.S_IFREG
        if not right or (time not in (None, info.st_mtime_ns) and not seed):
            yield from _differing(manifest, path, wanted, info, seed)


def _differing(
    manifest: Manifest, path: str, wanted: _Wanted, info: os.stat_result, seed: bool
) -> Iterator[Difference]:
    """How an entry with these facts differs."""
    if stat.S_IFMT(info.st_mode) != wanted.format:
        yield _other(wanted, stat.S_IFMT(info.st_mode))
    elif wanted.format == stat.S_IFLNK:
        yield from _of_link(path, wanted)
    elif wanted.format == stat.S_IFREG and info.st_size != wanted.size:
        yield Difference(wanted.path, BYTES, wanted.size, info.st_size)
    elif not manifest.bare:  # else it isn't known which modes are right
        mode = info.st_mode & _mask(manifest, wanted, seed)
        if mode != wanted.mode:
            yield Difference(wanted.path, MODE, wanted.mode, mode)
    if wanted.time not in (None, info.st_mtime_ns) and not seed and stat.S_IFMT(info.st_mode) == wanted.format:
        kind = FOLDER_TIME if wanted.format == stat.S_IFDIR else TIME
        yield Difference(wanted.path, kind, int(wanted.time or 0), info.st_mtime_ns)


def _mask(manifest: Manifest, wanted: _Wanted, seed: bool) -> int:
    """The bits of a mode that count: a copy's file has no setuid bit that isn't carried; folders inherit some."""
    if manifest.parts.rules.setuid or (wanted.format == stat.S_IFREG and not seed):
        return 0o7777
    return 0o777


def _of_link(path: str, wanted: _Wanted) -> Iterator[Difference]:
    target = os.readlink(_at(path, wanted.path))
    if target != wanted.target:
        yield Difference(wanted.path, LINK, wanted.target, target)


def _wanted(manifest: Manifest) -> Iterator[_Wanted]:
    parts, files = manifest.parts, manifest.files
    paths = files.paths if manifest.tree else [""]
    for path, mode, size, time in zip(paths, files.modes, files.sizes, _or_none(parts.file_times)):
        yield _Wanted(path, stat.S_IFREG, mode, size, time=time)
    if not manifest.tree:
        return
    yield _Wanted("", stat.S_IFDIR, manifest.root_mode, time=parts.top_time if parts.rules.times else None)
    for folder, time in zip(manifest.folders, _or_none(parts.folder_times)):
        yield _Wanted(folder.path, stat.S_IFDIR, folder.mode, time=time)
    for link, time in zip(parts.links, _or_none(parts.link_times)):
        yield _Wanted(link.path, stat.S_IFLNK, target=link.target, time=time)


def _or_none(times: Iterable[int]) -> Iterator[Optional[int]]:
    """The times, then None as often as it is asked for."""
    yield from times
    while True:
        yield None


def _apart(manifest: Manifest, path: str) -> Iterator[Difference]:
    """Further names that aren't there, or of something else."""
    for one in manifest.parts.hardlinks:
        try:
            name = os.lstat(_at(path, one.path))
        except OSError:
            yield Difference(one.path, MISSING)
            continue
        with contextlib.suppress(OSError):
            if not os.path.samestat(name, os.lstat(_at(path, one.to))):
                yield Difference(one.path, LINK, f"the same file as {one.to}", "a file of its own")


def _traits(manifest: Manifest, path: str, seed: bool) -> Iterator[Difference]:
    parts = manifest.parts
    if seed or not parts.traits:
        return
    with trying(os.path.dirname(os.path.realpath(path))) as trial:
        for below, kind in parts.traits:
            trait = parts.kinds[kind]
            with contextlib.suppress(OSError):
                if parts.rules.owner and not has_owner(os.lstat(_at(path, below)), trait.owner):
                    yield Difference(below, OWNER)
                if parts.rules.xattrs and not has_xattrs(_at(path, below), trait, trial):
                    yield Difference(below, XATTRS)


# ---- correcting

_Maker = Callable[[str], None]


def _make(path: str, make: _Maker) -> None:
    """Make something that is missing; the folder above may be closed."""
    above = os.path.dirname(path)
    mode = stat.S_IMODE(os.lstat(above).st_mode)
    set_mode(above, mode | 0o700)
    try:
        make(path)
    finally:
        set_mode(above, mode)


def _makers(manifest: Manifest, path: str, record: RecordFile) -> Dict[str, _Maker]:
    """How to make each folder, link and further name of the payload."""
    makers: Dict[str, _Maker] = {folder.path: partial(make_folder, record, mode=0o700) for folder in manifest.folders}
    makers.update((link.path, partial(make_link, record, link.target)) for link in manifest.parts.links)
    makers.update((one.path, partial(make_hardlink, record, _at(path, one.to))) for one in manifest.parts.hardlinks)
    return makers


def _correct(path: str, one: Difference, record: RecordFile) -> None:
    if one.kind == MODE:
        set_mode(path, int(one.wanted))
    elif one.kind in (TIME, FOLDER_TIME):
        record.expect(path, int(one.wanted))
        finish.set_time(path, int(one.wanted))


def _give_traits(path: str, trait: Trait, rules: TreeRules) -> None:
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    finish.give_traits(path, trait, rules)
    if not os.path.islink(path):
        set_mode(path, mode)  # a new owner costs a file its setuid bit


def _at(path: str, below: str) -> str:
    return os.path.join(path, below) if below else path

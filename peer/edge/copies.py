"""The modes and folders of a copy, which must be right as well as its bytes: finds differences and corrects them."""

from __future__ import annotations

import os
import stat
from typing import Iterator, List, NamedTuple, Optional, Tuple

from peer.core.manifest import Manifest
from peer.edge.modes import keeps_modes, set_mode
from peer.edge.ours.making import make_folder
from peer.edge.ours.recordfile import RecordFile


class Difference(NamedTuple):
    """A file or folder that differs from the manifest. `found`: its mode; None if it isn't there."""

    path: str  # below the payload's top; "" is the top itself
    mode: int
    found: Optional[int]

    def __str__(self) -> str:
        return "not there" if self.found is None else f"its mode is {self.found:04o} instead of {self.mode:04o}"


def differences(manifest: Manifest, path: str) -> List[Difference]:
    """The differing modes and folders of the copy at `path`; modes don't count on a file system without them."""
    found = [one for one in _compared(manifest, path) if one.mode != one.found]
    modes = [one for one in found if one.found is not None]
    if modes and not keeps_modes(os.path.dirname(os.path.realpath(path))):
        return [one for one in found if one.found is None]
    return found


def put_right(manifest: Manifest, path: str, found: List[Difference], record: RecordFile) -> bool:
    """Make missing folders and set modes, if all of it is ours; False, and nothing is changed, if something isn't."""
    if not is_ours_to_change(path, found, record):
        return False
    for one in sorted(found):  # a folder before what is in it
        if one.found is None:
            _make(record, path, one)
    for one in sorted(found, reverse=True):  # and closed after it
        set_mode(_at(path, one.path), one.mode)
    return not differences(manifest, path)


def is_ours_to_change(path: str, found: List[Difference], record: RecordFile) -> bool:
    """Whether all that differs is ours, or isn't there."""
    return all(one.found is None or record.is_ours(_at(path, one.path)) for one in found)


def _make(record: RecordFile, path: str, one: Difference) -> None:
    above = os.path.dirname(_at(path, one.path))
    mode = stat.S_IMODE(os.stat(above).st_mode)
    set_mode(above, mode | 0o700)
    try:
        make_folder(record, _at(path, one.path), 0o700)
    finally:
        set_mode(above, mode)


def _compared(manifest: Manifest, path: str) -> Iterator[Difference]:
    for below, mode in _wanted(manifest):
        try:
            info = os.stat(path) if not below else os.lstat(_at(path, below))
        except OSError:
            yield Difference(below, mode, None)
            continue
        yield Difference(below, mode, stat.S_IMODE(info.st_mode) & 0o777)


def _wanted(manifest: Manifest) -> "Iterator[Tuple[str, int]]":
    if not manifest.tree:
        if not manifest.bare:
            yield "", manifest.files[0].mode
        return
    yield "", manifest.root_mode
    yield from ((folder.path, folder.mode) for folder in manifest.folders)
    yield from zip(manifest.files.paths, manifest.files.modes)


def _at(path: str, below: str) -> str:
    return os.path.join(path, below) if below else path

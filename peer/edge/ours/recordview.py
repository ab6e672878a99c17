"""Reads a record, and tells by it which of the things on disk Weft made."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Dict, List, Optional

from peer.core import record
from peer.core.madetable import Identity
from peer.core.record import FILE, FOLDER, LINK, STATUS, Record

_LONG = 256 * 1024  # bytes of a record
_KINDS = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK}


class RecordView:
    """The contents of a record in `folder`, read only."""

    def __init__(self, folder: str, lines: Record) -> None:
        self.record = lines
        self._folder = os.path.realpath(folder)
        self._prefixes = (folder + os.sep, self._folder + os.sep)  # its path may contain a link
        # The folder shows the number that its device has now.
        self._devices: Dict[int, int] = {lines.head.device: os.stat(folder).st_dev}

    def key(self, path: str) -> str:
        """A path as the record writes it."""
        for prefix in self._prefixes:
            if path.startswith(prefix):
                return path[len(prefix) :]
        return path

    def path(self, key: str) -> str:
        """The path for a text in the record."""
        return os.path.join(self._folder, key)

    def is_ours(self, path: str) -> bool:
        """Whether the thing at `path` is one that this record lists."""
        info = facts_of(path)
        return info is not None and self.knows(path, info)

    def knows(self, path: str, info: os.stat_result) -> bool:
        """Whether a thing with these facts was made as `path`."""
        noted = self.record.made.of(self.key(path))
        return any(self._same(one, info, path) for one in noted)

    def made_here(self, path: str) -> bool:
        """The same if it was written to or touched since."""
        info = facts_of(path)
        if info is None:
            return False
        found = identity_of(info)
        noted = self.record.made.of(self.key(path))
        return any((one.kind, one.inode) == (found.kind, found.inode) for one in noted)

    def is_there(self, key: str, noted: Identity) -> bool:
        """Whether the thing is still there."""
        info = facts_of(self.path(key))
        return info is not None and self._same(noted, info, self.path(key))

    def _same(self, noted: Identity, info: os.stat_result, path: str) -> bool:
        device = self._devices.get(noted.device, noted.device)
        if device != noted.device:
            noted = noted._replace(device=device)
        if not record.same(noted, identity_of(info)):
            return False
        return noted.kind != STATUS or _is_status(path, noted.inode)


def identity_of(info: os.stat_result) -> Identity:
    """The facts that distinguish a thing from another at the same path."""
    if stat.S_ISDIR(info.st_mode):
        return Identity(FOLDER, info.st_dev, info.st_ino)
    kind = _KINDS.get(stat.S_IFMT(info.st_mode), "other")
    return Identity(kind, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


def is_long(path: str) -> bool:
    """Whether a record is worth being shortened; False where there is none."""
    info = facts_of(path)
    return info is not None and info.st_size >= _LONG


def read(path: str) -> Optional[Record]:
    """The record at `path`; None if there is none, if it is no regular file, or if it is of another folder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not file.peek(8).startswith(b'{"weft"'):
            return None
        lines = record.parse(file)
    return lines if lines and lines.head.inode == os.stat(os.path.dirname(path) or ".").st_ino else None


def views(folder: str, names: Iterable[str]) -> List[RecordView]:
    """The records among the files of these names in a folder."""
    found = (read(os.path.join(folder, name)) for name in names)
    return [RecordView(folder, one) for one in found if one]


class LateViews(Iterable[RecordView]):
    """The same, read when they are first gone through: that of a large tree takes seconds, and is seldom asked."""

    def __init__(self, folder: str, names: Iterable[str]) -> None:
        self._folder = folder
        self._names = list(names)
        self._found: Optional[List[RecordView]] = None

    def __iter__(self) -> Iterator[RecordView]:
        if self._found is None:
            self._found = views(self._folder, self._names)
        return iter(self._found)


def _is_status(path: str, peer: int) -> bool:
    try:
        with open(path, "rb") as file:
            fields = json.load(file)
        return isinstance(fields, dict) and fields.get("peer") == peer and "pid" in fields
    except (OSError, ValueError, RecursionError):
        return False


def facts_of(path: str) -> Optional[os.stat_result]:
    """The facts of a file, folder or link itself; None if nothing is there."""
    try:
        return os.lstat(path)
    except OSError:
        return None

"""A record's file: opened or created, appended to before each change of the disk, and asked which things are ours."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import Dict, Iterable, List, Optional, Tuple

from peer.core import record
from peer.core.record import FILE, FOLDER, GROWING, LINK, STATUS, Head, Identity, Record
from peer.edge.ours.naming import put

WORK = ".weft-"  # the prefix of the temporary name of anything that isn't complete yet
_COMPACT_BYTES = 256 * 1024


class ForeignError(Exception):
    """Something that isn't ours has a name that we need. `path`: where; `reason`: how that is known.

    `remedy`: where it is another than the usual one, to move it away or have it put aside.
    """

    def __init__(self, path: str, reason: str = "Weft has no record of making it", remedy: str = "") -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


class RecordFile:
    """One writer's record. `readers`: the folder's other records, which list our things too, and are only read.

    Paths are absolute. Raises OSError, and ForeignError if something foreign has the record's name.
    """

    def __init__(self, path: str, owner: str, made_folder: bool = False) -> None:
        self.path = path
        self.folder = os.path.realpath(os.path.dirname(path))
        if not os.path.lexists(path):
            _begin(path, _head_of(os.path.dirname(path), owner, made_folder))
        found = read(path)
        if found is None:
            raise ForeignError(path, "it isn't a record of Weft's")
        self.record: Record = found
        self.readers: List[RecordView] = []
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        if os.pread(self._descriptor, 1, os.fstat(self._descriptor).st_size - 1) != b"\n":
            os.write(self._descriptor, b"\n")  # a line was cut short: the next one begins on a line of its own
        self._view = RecordView(os.path.dirname(path), self.record)

    # ---- writing

    def fresh(self, folder: str, final: str = "", prefix: str = WORK) -> str:
        """An unused path in `folder`; it is noted, so anything made there is ours.

        `final`: the payload whose next version will be made there.
        """
        path = os.path.join(folder, prefix + os.urandom(8).hex())
        goal = self.key(final) if final else ""
        self.note([record.work_line(self.key(path), goal)])
        self.record.work[self.key(path)] = goal
        return path

    def made(self, path: str, at: str = "", kind: str = "") -> None:
        """Note that the thing at `at` (a temporary name) is about to become `path`."""
        self.made_all([(path, at or path)], kind)

    def made_all(self, pairs: "Iterable[Tuple[str, str]]", kind: str = "") -> None:
        """The same for many: (final path, present path)."""
        lines = []
        for path, at in pairs:
            identity = identity_of(os.lstat(at))
            identity = identity._replace(kind=kind or identity.kind)
            known = self.record.made.setdefault(self.key(path), [])
            if identity not in known:
                known.append(identity)
                lines.append(record.made_line(self.key(path), identity))
        self.note(lines)

    def claim_status(self, path: str, peer: int) -> None:
        """Note that `path` is from now on the status of a peer, whose text names the peer."""
        identity = Identity(STATUS, 0, peer)
        known = self.record.made.setdefault(self.key(path), [])
        if identity not in known:
            known.append(identity)
            self.note([record.made_line(self.key(path), identity)])

    def gone(self, path: str) -> None:
        """Note that nothing of ours is at `path` any more."""
        self.record.made.pop(self.key(path), None)
        self.record.work.pop(self.key(path), None)
        self.record.notes.pop(self.key(path), None)
        self.note([record.gone_line(self.key(path))])

    def remark(self, key: str, path: str) -> None:
        """Note something else about `path`, once."""
        if not self.has_note(key, path):
            self.record.notes.setdefault(self.key(path), set()).add(key)
            self.note([record.note_line(key, self.key(path))])

    def note(self, lines: "List[str]") -> None:
        """Append lines in one write, so that those of two processes don't mix."""
        data = memoryview("".join(lines).encode("utf-8", "surrogatepass"))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def sync(self) -> None:
        """Sync the record to the disk."""
        os.fsync(self._descriptor)

    def compact(self) -> None:
        """Rewrite the file without the things that are gone, if it has become long. Only for its only writer.

        While a version is on its way the old one's files may lie elsewhere, and must stay known: nothing is done then.
        """
        if not is_long(self.path) or any(goal and os.path.lexists(work) for work, goal in self.work()):
            return
        for key in [key for key in self.record.work if not os.path.lexists(self._view.path(key))]:
            del self.record.work[key]
        for key, identities in list(self.record.made.items()):
            left = [one for one in identities if self._view.is_there(key, one)]
            if left:
                self.record.made[key] = left
            else:
                del self.record.made[key]
        fresh = self.fresh(self.folder)
        descriptor = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        old, self._descriptor = self._descriptor, descriptor
        os.close(old)
        self.record.work.pop(self.key(fresh), None)
        self.note(list(record.lines_of(self.record)))
        self.sync()
        os.replace(fresh, self.path)

    # ---- reading

    def is_ours(self, path: str) -> bool:
        """Whether Weft made the thing at `path`, by this record or another of the folder."""
        return any(view.is_ours(path) for view in (self._view, *self.readers))

    def knows(self, path: str, info: os.stat_result) -> bool:
        """Whether a thing with these facts was made as `path`, wherever it is now."""
        return any(view.knows(path, info) for view in (self._view, *self.readers))

    def is_newest(self, path: str, at: str) -> bool:
        """Whether the thing at `at` is the one last noted as `path`."""
        identities = self.record.made.get(self.key(path), [])
        info = _lstat(at)
        return bool(identities) and info is not None and record.same(identities[-1], identity_of(info))

    def has_note(self, key: str, path: str) -> bool:
        """Whether `remark` was called with this."""
        return key in self.record.notes.get(self.key(path), ())

    def work(self) -> List[Tuple[str, str]]:
        """This writer's unfinished temporary paths that may still be there, each with its goal, oldest first."""
        return [(self._view.path(key), goal and self._view.path(goal)) for key, goal in self.record.work.items()]

    def paths(self) -> List[str]:
        """The paths at which this record's writer made something."""
        return [self._view.path(key) for key in self.record.made]

    def key(self, path: str) -> str:
        """A path as the record writes it: relative to its folder, if it is in there."""
        return self._view.key(path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


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
        info = _lstat(path)
        return info is not None and self.knows(path, info)

    def knows(self, path: str, info: os.stat_result) -> bool:
        """Whether a thing with these facts was made as `path`."""
        noted = self.record.made.get(self.key(path), ())
        return any(self._same(one, info, path) for one in noted)

    def is_there(self, key: str, noted: Identity) -> bool:
        """Whether the thing is still there."""
        info = _lstat(self.path(key))
        return info is not None and self._same(noted, info, self.path(key))

    def _same(self, noted: Identity, info: os.stat_result, path: str) -> bool:
        noted = noted._replace(device=self._devices.get(noted.device, noted.device))
        if not record.same(noted, identity_of(info)):
            return False
        return noted.kind != STATUS or _is_status(path, noted.inode)


def identity_of(info: os.stat_result) -> Identity:
    """The facts that distinguish a thing from another at the same path."""
    if stat.S_ISDIR(info.st_mode):
        return Identity(FOLDER, info.st_dev, info.st_ino)
    kinds = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "other")
    return Identity(kind, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


def is_long(path: str) -> bool:
    """Whether a record is worth being shortened; False where there is none."""
    info = _lstat(path)
    return info is not None and info.st_size >= _COMPACT_BYTES


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
        lines = record.parse(file.read().decode("utf-8", "surrogatepass"))
    return lines if lines and lines.head.inode == os.stat(os.path.dirname(path) or ".").st_ino else None


def views(folder: str, names: Iterable[str]) -> List[RecordView]:
    """The records among the files of these names in a folder."""
    found = (read(os.path.join(folder, name)) for name in names)
    return [RecordView(folder, one) for one in found if one]


def _begin(path: str, head: Head) -> None:
    """Create a record with its first line, atomically; another process may be first."""
    fresh = os.path.join(os.path.dirname(path), WORK + os.urandom(8).hex())
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, record.head_line(head).encode())
        with contextlib.suppress(FileExistsError):
            put(fresh, path)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)


def _head_of(folder: str, owner: str, made: bool) -> Head:
    info = os.stat(folder)
    return Head(owner, info.st_dev, info.st_ino, made)


def _is_status(path: str, peer: int) -> bool:
    try:
        with open(path, "rb") as file:
            fields = json.load(file)
        return isinstance(fields, dict) and fields.get("peer") == peer and "pid" in fields
    except (OSError, ValueError, RecursionError):
        return False


def _lstat(path: str) -> Optional[os.stat_result]:
    try:
        return os.lstat(path)
    except OSError:
        return None


__all__ = ["GROWING", "STATUS", "ForeignError", "RecordFile", "RecordView", "identity_of", "read", "views"]

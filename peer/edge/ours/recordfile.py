"""A record's file: opened or created, appended to before each change of the disk, and asked which things are ours."""

from __future__ import annotations

import contextlib
import os
from itertools import chain, islice
from typing import Iterable, Iterator, List, Tuple

from peer.core import record
from peer.core.madetable import Identity
from peer.core.record import FOLDER, GROWING, STATUS, Head, Record
from peer.edge.ours.mounts import is_mount
from peer.edge.ours.naming import put
from peer.edge.ours.recordview import LateViews, RecordView, facts_of, identity_of, is_long, read, views

_LINES_AT_ONCE = 1000  # more would be megabytes of memory
_SAMPLE = 256  # things to look at before all are
WORK = ".weft-"  # the prefix of the temporary name of anything that isn't complete yet


class ForeignError(Exception):
    """Something that isn't ours has a name that we need. `path`: where; `reason`: how that is known.

    `remedy`: where it is another than the usual one, to move it away or have it put aside.
    """

    def __init__(self, path: str, reason: str = "Weft has no record of making it", remedy: str = "") -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


def foreign(path: str) -> ForeignError:
    """The error for what isn't ours at `path`."""
    if is_mount(path):
        return ForeignError(path, "it is a mount point", "unmount it, or name another `destination`")
    return ForeignError(path)


class RecordFile:
    """One writer's record. `readers`: the folder's other records, which list our things too, and are only read.

    Paths are absolute. Raises OSError, and ForeignError if something foreign has the record's name.
    """

    def __init__(self, path: str, owner: str, made_folder: bool = False) -> None:
        self.path = path
        self.folder = os.path.realpath(os.path.dirname(path))
        self.record: Record = _found_or_begun(path, owner, made_folder)
        self.readers: Iterable[RecordView] = ()
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
        identity = identity_of(os.lstat(at or path))
        self._note_made([(self.key(path), identity._replace(kind=kind or identity.kind))])

    def made_all(self, things: "Iterable[Tuple[str, os.stat_result]]") -> None:
        """The same for many: the final path and the facts of each."""
        self._note_made((self.key(path), identity_of(info)) for path, info in things)

    def _note_made(self, things: "Iterable[Tuple[str, Identity]]") -> None:
        lines: List[str] = []
        for key, identity in things:
            if self.record.made.add(key, identity):
                lines.append(record.made_line(key, identity))
            if len(lines) >= _LINES_AT_ONCE:
                self.note(lines)
                lines.clear()
        self.note(lines)

    def expect(self, path: str, time: int) -> None:
        """Note that the thing at `path`, which is ours, is about to get this time of change (nanoseconds)."""
        identity = identity_of(os.lstat(path))
        if identity.kind == FOLDER:
            return  # a folder's time proves nothing
        identity = identity._replace(mtime=time)
        if self.record.made.add(self.key(path), identity):
            self.note([record.made_line(self.key(path), identity)])

    def claim_status(self, path: str, peer: int) -> None:
        """Note that `path` is from now on the status of a peer, whose text names the peer."""
        identity = Identity(STATUS, 0, peer)
        if self.record.made.add(self.key(path), identity):
            self.note([record.made_line(self.key(path), identity)])

    def gone(self, path: str) -> None:
        """Note that nothing of ours is at `path` any more."""
        self.record.made.remove(self.key(path))
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
        if self._is_mostly_true():
            return
        for key in [key for key in self.record.work if not os.path.lexists(self._view.path(key))]:
            del self.record.work[key]
        self.record.made.keep(self._view.is_there)
        fresh = self.fresh(self.folder)
        descriptor = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        old, self._descriptor = self._descriptor, descriptor
        os.close(old)
        self.record.work.pop(self.key(fresh), None)
        lines = record.lines_of(self.record)
        for some in iter(lambda: list(islice(lines, _LINES_AT_ONCE)), []):
            self.note(some)
        self.sync()
        os.replace(fresh, self.path)

    def _is_mostly_true(self) -> bool:
        """Whether about half of the file, or more, is of things that are there; else all of them would be looked at at
        each start of a peer with a large tree."""
        some = self.record.made.some(_SAMPLE)
        there = (record.made_line(key, one) for key, one in some if self._view.is_there(key, one))
        return 2 * sum(map(len, there)) * len(self.record.made) >= os.path.getsize(self.path) * max(1, len(some))

    # ---- reading

    def is_ours(self, path: str) -> bool:
        """Whether Weft made the thing at `path`, by this record or another of the folder."""
        return any(view.is_ours(path) for view in chain((self._view,), self.readers))

    def made_here(self, path: str) -> bool:
        """Whether the thing at `path` is one that Weft made there, even if it was written to or touched since."""
        return any(view.made_here(path) for view in chain((self._view,), self.readers))

    def knows(self, path: str, info: os.stat_result) -> bool:
        """Whether a thing with these facts was made as `path`, wherever it is now."""
        return any(view.knows(path, info) for view in chain((self._view,), self.readers))

    def is_newest(self, path: str, at: str) -> bool:
        """Whether the thing at `at` is the one last noted as `path`."""
        identities = self.record.made.of(self.key(path))
        info = facts_of(at)
        return bool(identities) and info is not None and record.same(identities[-1], identity_of(info))

    def has_note(self, key: str, path: str) -> bool:
        """Whether `remark` was called with this."""
        return key in self.record.notes.get(self.key(path), ())

    def work(self) -> List[Tuple[str, str]]:
        """This writer's unfinished temporary paths that may still be there, each with its goal, oldest first."""
        return [(self._view.path(key), goal and self._view.path(goal)) for key, goal in self.record.work.items()]

    def paths(self) -> List[str]:
        """The paths at which this record's writer made something."""
        return [self._view.path(key) for key in self.record.made.paths]

    def below(self, folder: str) -> Iterator[str]:
        """The paths in a folder at which Weft made something, by any record."""
        for view in chain((self._view,), self.readers):
            paths = (view.path(key) for key in view.record.made.paths)
            yield from (path for path in paths if path.startswith(folder + os.sep))

    def key(self, path: str) -> str:
        """A path as the record writes it: relative to its folder, if it is in there."""
        return self._view.key(path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def _found_or_begun(path: str, owner: str, made_folder: bool) -> Record:
    """The record at `path`, begun if there is none. Other agents may remove it with the folder, and make both anew."""
    while True:
        if not os.path.lexists(path):
            _begin(path, owner, made_folder)
        before = os.lstat(path)
        found = read(path)
        if found is not None:
            return found
        now = os.lstat(path)
        if os.path.samestat(before, now) and before.st_ctime_ns == now.st_ctime_ns:
            raise ForeignError(path, "it isn't a record of Weft's")


def _begin(path: str, owner: str, made_folder: bool) -> None:
    """Create a record with its first line, atomically; another process may be first.

    The folder is held, so that the record names the one that it lies in: another may soon have this path.
    """
    fresh = os.path.join(os.path.dirname(path), WORK + os.urandom(8).hex())
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        info = os.fstat(folder)
        head = Head(owner, info.st_dev, info.st_ino, made_folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(os.path.basename(fresh), flags, 0o644, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        os.write(descriptor, record.head_line(head).encode())
        with contextlib.suppress(FileExistsError):
            put(fresh, path)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)


__all__ = ["GROWING", "STATUS", "ForeignError", "LateViews", "RecordFile", "RecordView", "identity_of", "read", "views"]

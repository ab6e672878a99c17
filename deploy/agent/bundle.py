"""Receives files in one transfer: each hashed on the way, written under a fresh name, synced and given its name.

What comes for a peer's folder is a version of the payload: it gets its name when all of it is there.
"""

from __future__ import annotations

import os
import zlib
from typing import Any, Dict, FrozenSet, Iterator, List, Tuple

from deploy.agent import paths, verbs
from deploy.agent.context import Context
from deploy.agent.lines import OTHER_VERSION
from deploy.agent.packing import unpack
from deploy.agent.wire import AgentError, Wire
from deploy.agent.writeback import written_back
from peer.core import folder, treeparts
from peer.core.blocks import RunHash, lengths_of
from peer.core.filetable import FileEntry, FileTable
from peer.core.manifest import FolderEntry, Manifest
from peer.core.payloadnames import check_names
from peer.core.treeparts import TreeParts
from peer.core.tuples import NamedTuple
from peer.edge import finish
from peer.edge.files import write_all
from peer.edge.holes import write_sparsely
from peer.edge.modes import set_mode
from peer.edge.ours import making, turning
from peer.edge.ours.recordfile import RecordFile


class _Way(NamedTuple):
    """How the files come: over the agent's pipe, with hashes by blocks of so many bytes (0: see `Receive`).

    `sparse`: the paths of those whose zeros stay holes.
    """

    wire: Wire
    block: int
    sparse: FrozenSet[str]


INCOMING = ".incoming-"  # begins the name of a folder in which a new version arrives


class Version(NamedTuple):
    """A payload that arrives: below `work`, until it is complete. `parts`: of its name in the swarm's folder."""

    parts: Tuple[str, str]
    final: str
    work: str

    @property
    def new(self) -> str:
        """Where it lies until then."""
        return os.path.join(self.work, turning.NEW)


def receive(request: verbs.Receive, context: Context) -> verbs.Received:
    """Write the files whose bytes follow the request, each in its place with its mode or not at all.

    What isn't ours and in the way is an AgentError, before anything is changed.
    """
    home = paths.make_home(context.home, request.aside)
    aside = request.aside
    rows = [(_parts(entry.path), entry) for entry in request.files]
    folders = [(_parts(path), mode) for path, mode in request.folders]
    with paths.recording(home) as record:
        turning.sweep(record, aside)
        _look(record, home, [parts for parts, _ in rows], [parts for parts, _ in folders], request)
        versions = _begin(record, home, [parts for parts, _ in (*rows, *folders)])
        for parts, _ in folders:
            _make_folders(record, home, versions, [*parts, ""])
        way = _Way(context.wire, request.block, _sparse(request))
        for parts, entry in rows:
            _receive_one(record, home, versions, parts, entry, way)
        for version in versions.values():
            _finish(version, rows, folders, request.parts)
            _turn(record, version, aside)
    return verbs.Received(home, len(rows))


def _sparse(request: verbs.Receive) -> FrozenSet[str]:
    """The paths of the payload's files with holes; its files come in the manifest's order."""
    return frozenset(request.files[number].path for number, _ in (request.parts or {}).get("sparse", ()))


def _look(
    record: RecordFile, home: str, files: List[List[str]], folders: List[List[str]], request: verbs.Receive
) -> None:
    """Refuse what isn't ours and has a name that we need, before anything moves."""
    for parts in files:
        if not folder.is_payload(parts[0]) and not request.aside:
            making.need(record, os.path.join(home, *parts))
    tops = {(parts[0], parts[1]) for parts in (*files, *folders) if folder.is_payload(parts[0])}
    for peer, name in tops:
        leaves = ["/".join(parts[2:]) for parts in files if parts[:2] == [peer, name]]
        leaves += [] if request.parts is None else [path for path, _ in request.parts["links"]]
        inner = ["/".join(parts[2:]) for parts in folders if parts[:2] == [peer, name]]
        wanted = turning.Wanted("" not in leaves, leaves, inner)
        turning.check(record, _final(home, peer, name), wanted, bool(request.aside))


def _begin(record: RecordFile, home: str, paths_of: "List[List[str]]") -> Dict[Tuple[str, str], Version]:
    """A work folder for each payload that comes."""
    versions: Dict[Tuple[str, str], Version] = {}
    for parts in paths_of:
        if folder.is_payload(parts[0]) and (parts[0], parts[1]) not in versions:
            making.make_folder(record, os.path.join(home, parts[0]))
            final = _final(home, parts[0], parts[1])
            work = record.fresh(os.path.dirname(final), final, INCOMING)
            os.mkdir(work, 0o700)
            versions[parts[0], parts[1]] = Version((parts[0], parts[1]), final, work)
    return versions


def _final(home: str, peer: str, name: str) -> str:
    return os.path.join(os.path.realpath(os.path.join(home, peer)), name)


def _place(home: str, versions: Dict[Tuple[str, str], Version], parts: List[str]) -> str:
    """Where something lies while it arrives."""
    version = versions.get((parts[0], parts[1])) if len(parts) > 1 else None
    return os.path.join(version.new, *parts[2:]) if version else os.path.join(home, *parts)


def _receive_one(
    record: RecordFile,
    home: str,
    versions: Dict[Tuple[str, str], Version],
    parts: List[str],
    entry: verbs.PushedFile,
    way: _Way,
) -> None:
    place = _place(home, versions, parts)
    _make_folders(record, home, versions, parts)
    if (parts[0], parts[1] if len(parts) > 1 else "") in versions:
        _write(place, entry, way)
        return
    making.replace_file(record, place, lambda fresh: _write(fresh, entry, way))


def _make_folders(record: RecordFile, home: str, versions: Dict[Tuple[str, str], Version], parts: List[str]) -> None:
    """The folders above a file; those of keys are their owner's alone."""
    for depth in range(1, len(parts)):
        above = _place(home, versions, parts[:depth])
        if folder.is_keys(parts[0]):
            making.make_folder(record, above, 0o700)
            set_mode(above, 0o700)
        elif depth > 1 and not os.path.isdir(above):
            os.mkdir(above, 0o755)


def _write(path: str, entry: verbs.PushedFile, way: _Way) -> None:
    """The body's next bytes into a new file. AgentError where they aren't what was announced, or the file is gone."""
    # The mode is there from the first moment: nobody else may read a key while it arrives.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, entry.mode)
    sha = RunHash(lengths_of(entry.size, way.block or max(1, entry.size)))
    with os.fdopen(handle, "wb", buffering=0), written_back(handle) as wrote:
        if entry.path in way.sparse:
            os.ftruncate(handle, entry.size)
        offset = 0
        for data in _body(entry, way.wire):
            sha.update(data)
            if entry.path in way.sparse:
                write_sparsely(handle, memoryview(data), offset)
            else:
                write_all(handle, data)
            offset += len(data)
            wrote(len(data))
        set_mode(handle, entry.mode)  # the umask may have taken bits away
        _check_private(handle, entry.mode)
    if entry.hash and sha.digest().hex() != entry.hash:
        raise _damaged(entry)
    if not os.path.lexists(path):
        raise AgentError("another operator sends to this host just now", "run it again when that is done")


def _body(entry: verbs.PushedFile, wire: Wire) -> Iterator[bytes]:
    """The bytes of a file as they come, unpacked."""
    if not entry.packed:
        yield from wire.body(entry.size)
        return
    try:
        yield from unpack(wire.body(entry.packed), entry.size)
    except zlib.error:
        raise _damaged(entry) from None


def _damaged(entry: verbs.PushedFile) -> AgentError:
    return AgentError(f"{entry.path} arrived damaged", "run it again")


def _check_private(handle: int, mode: int) -> None:
    """A key must stay its owner's alone, and not every file system can promise that."""
    if not mode & 0o077 and os.fstat(handle).st_mode & 0o077:
        problem = (
            "the file system of its workdir keeps no permissions, so other users there could read the swarm's keys"
        )
        raise AgentError(problem, "name another `workdir`, or write `tls: false`")


def _finish(
    version: Version, rows: List[Tuple[List[str], verbs.PushedFile]], folders: List[Tuple[List[str], int]], parts: Any
) -> None:
    """Give a complete version its links, modes and all else; only now, as a folder may be read-only in the end."""
    name = version.parts[1]
    mine = {"/".join(path[2:]) or name: entry for path, entry in rows if tuple(path[:2]) == version.parts}
    inner = {"/".join(path[2:]): mode for path, mode in folders if tuple(path[:2]) == version.parts}
    tree = os.path.isdir(version.new)
    root_mode = inner.pop("", 0o755)
    beside = TreeParts() if parts is None else treeparts.from_json(parts, sorted(mine), sorted(inner), "the upload")
    check_names(name, sorted([*mine, *beside.leaves]), inner, "the upload")
    files = FileTable.of(FileEntry(path, entry.size, entry.mode) for path, entry in sorted(mine.items()))
    entries = tuple(FolderEntry(*one) for one in sorted(inner.items()))
    manifest = Manifest(name, tree, 1, 1, files, entries, root_mode=root_mode, parts=beside)
    finish.add(manifest, version.new)
    finish.give_times(manifest, version.new)
    finish.close(manifest, version.new)


def _turn(record: RecordFile, version: Version, aside: str) -> None:
    turning.note(record, version.work, version.final)
    turning.turn(record, version.work, version.final, aside)
    turning.recover(record, version.work, version.final, aside)
    turning.discard(record, version.work)


def _parts(path: str) -> List[str]:
    parts = [paths.plain_name(part) for part in path.split("/")]
    if not paths.is_pushed(parts[0]) or (folder.is_payload(parts[0]) and len(parts) < 2):
        raise AgentError(f"{path!r} isn't a name of Weft's", OTHER_VERSION)
    return parts

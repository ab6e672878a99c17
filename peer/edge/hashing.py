"""Makes and checks manifests from files on disk, hashing in as many threads as there are cores."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, NamedTuple, Optional, Tuple

from peer.core.errors import ConfigError, StoreError, system_words
from peer.core.layout import Layout
from peer.core.listing import listed
from peer.core.manifest import (
    FileEntry,
    FolderEntry,
    Manifest,
    auto_piece_size,
    check_length,
    payload_digest,
)
from peer.core.payloadnames import LINK, SPECIAL, check_names
from peer.edge.copies import differences
from peer.edge.encoding import check_encoding
from peer.edge.files import OpenFiles, entries_below, read_range

Tell = Callable[[int], None]


def make_manifest(path: str, piece_size: Optional[int] = None, name: str = "", tell: Optional[Tell] = None) -> Manifest:
    """The manifest of a file or a folder; `piece_size` in bytes, None for automatic. Raises ConfigError, StoreError.

    Links, devices and sockets are refused by name: a payload is bytes, and a link may mean something else on a host.
    `tell` gets the bytes of each block that was hashed, from any thread: all bytes twice, for files and for pieces.
    """
    path = os.path.abspath(path)
    name = name or os.path.basename(path)
    try:
        bare = _scan(path, name)
        check_names(name, [entry.path for entry in bare.files], [folder.path for folder in bare.folders], path)
        check_encoding(bare.names, path)
        bare = bare._replace(piece_size=piece_size or auto_piece_size(bare.size))
        check_length(bare, path)
        stamps = _stamps(path, bare)
        made = _with_hashes(path, bare, tell=tell)
        _check_unchanged(path, bare, stamps)
        return made
    except OSError as error:
        raise _unreadable(path, error) from None


def _stamps(path: str, bare: Manifest) -> List[Tuple[int, int]]:
    """Size and time of each file: one of them changes when a program writes to the file."""
    found = (os.stat(_path_of(path, bare, number)) for number in range(len(bare.files)))
    return [(info.st_size, info.st_mtime_ns) for info in found]


def _check_unchanged(path: str, bare: Manifest, stamps: List[Tuple[int, int]]) -> None:
    now = _stamps(path, bare)
    sizes = [entry.size for entry in bare.files]
    changed = [n for n, stamp in enumerate(now) if stamp != stamps[n] or stamp[0] != sizes[n]]
    if changed:
        raise _written_to(_path_of(path, bare, changed[0]))


def _path_of(path: str, bare: Manifest, number: int) -> str:
    return os.path.join(path, bare.files[number].path) if bare.tree else path


def _written_to(path: str) -> StoreError:
    remedy = "stop that, or take it out of the payload, and run it again"
    return StoreError(f"{path}: another program is writing to it while it is read; {remedy}")


def _unreadable(path: str, error: OSError) -> StoreError:
    """An error of the system while a payload was read, as a line with path and remedy."""
    where = os.fsdecode(error.filename or path)
    if error.errno == errno.ENOENT and where != path:
        return _written_to(where)  # it was there a moment ago
    if error.errno == errno.ENAMETOOLONG:
        shown = f"{where[:60]}...{where[-60:]}"
        return StoreError(f"{shown}: a path of {len(os.fsencode(where))} bytes is too long for this system; shorten it")
    return StoreError(f"{where}: {system_words(error)}; fix that and run it again")


class Check(NamedTuple):
    """The result of checking a payload at its final path. `problem`: "" if it agrees with the manifest.

    `extras`: files, links and the like in the tree that aren't part of the payload.
    """

    digest: str
    files: int
    size: int
    problem: str
    extras: int = 0


def check_payload(path: str, manifest: Manifest, extras: bool = True, tell: Optional[Tell] = None) -> Check:
    """Hash a payload from its final path and compare it with the manifest. Never raises: a problem is a value.

    `extras`: what isn't part of the payload may lie in a tree. `tell`: see `make_manifest`; all bytes once.
    """
    path = os.path.abspath(path)
    try:
        found, surplus = _found(path, manifest)
        problem = _difference(found, manifest) or _other_modes(manifest, path)
        if surplus and not extras:
            problem = problem or f"{listed(surplus, 1)}: not part of the payload"
        if problem:
            return Check("", len(found.files), found.size, problem, len(surplus))
        found = _with_hashes(path, found._replace(piece_size=manifest.piece_size), pieces=False, tell=tell)
    except (OSError, ConfigError) as error:
        reason = str(error) if isinstance(error, ConfigError) else system_words(error)
        return Check("", 0, 0, f"{path}: {reason}")
    wrong = [theirs.path for ours, theirs in zip(manifest.files, found.files) if ours.sha256 not in ("", theirs.sha256)]
    digest = payload_digest(found)
    problem = f"{listed(wrong, 1)}: wrong bytes" if wrong else ""
    return Check(digest, len(found.files), found.size, problem, len(surplus))


def _found(path: str, wanted: Manifest) -> Tuple[Manifest, List[str]]:
    """The files and folders on disk that belong to a payload, without hashes, and the paths of all other files."""
    if not os.path.isdir(path):
        return _scan(path, wanted.name), []
    names = {entry.path for entry in wanted.files}
    folder_names = {folder.path for folder in wanted.folders}
    files: List[FileEntry] = []
    folders: List[FolderEntry] = []
    surplus: List[str] = []
    for below, entry in entries_below(path):
        info = entry.stat(follow_symlinks=False)
        if below in names or below in folder_names:
            refused = _add(below, info, files, folders)
            if refused:
                raise ConfigError(os.path.join(path, below), refused[0], "take it away")
        elif not stat.S_ISDIR(info.st_mode):
            surplus.append(below)
    return Manifest(wanted.name, True, 1, tuple(sorted(files)), tuple(sorted(folders))), sorted(surplus)


def _other_modes(manifest: Manifest, path: str) -> str:
    """The first difference in modes; "" if there is none."""
    found = differences(manifest, path)
    others = [f"{one.path or manifest.name}: {one}" for one in found]
    return listed(others, 1) if others else ""


def _difference(found: Manifest, wanted: Manifest) -> str:
    """The first difference that needs no hashing; "" if there is none."""
    if found.tree != wanted.tree:
        return f"{wanted.name}: a {'file' if wanted.tree else 'folder'} in its place"
    sizes = {entry.path: entry.size for entry in found.files}
    folders = {folder.path for folder in found.folders}
    missing = [entry.path for entry in wanted.files if entry.path not in sizes]
    missing += [folder.path for folder in wanted.folders if folder.path not in folders]
    if missing:
        return f"{listed(missing, 1)}: not there"
    short = [f"{entry.path} ({sizes[entry.path]} bytes instead of {entry.size})" for entry in wanted.files
             if entry.size != sizes[entry.path]]  # fmt: skip
    return f"{listed(short, 1)}: wrong size" if short else ""


def _scan(path: str, name: str) -> Manifest:
    """Names, sizes and modes; no hashes yet."""
    info = os.stat(path)  # the payload itself may be a link, but nothing inside it may
    if stat.S_ISREG(info.st_mode):
        return Manifest(name, False, 1, (FileEntry(name, info.st_size, _mode(info), ""),))
    if not stat.S_ISDIR(info.st_mode):
        raise ConfigError(path, "neither a file nor a folder", "name a file or a folder")
    files: List[FileEntry] = []
    folders: List[FolderEntry] = []
    for below, entry in entries_below(path):
        refused = _add(below, entry.stat(follow_symlinks=False), files, folders)
        if refused:
            raise ConfigError(os.path.join(path, below), *refused)
    if not files:
        raise ConfigError(path, "there is no file in this folder", "name a folder with files in it")
    files.sort()
    folders.sort()
    return Manifest(name, True, 1, tuple(files), tuple(folders), root_mode=_mode(info))


def _add(
    path: str, info: os.stat_result, files: List[FileEntry], folders: List[FolderEntry]
) -> Optional[Tuple[str, str]]:
    """Note one entry of a tree; why it can't be part of a payload, and what to do about it."""
    if stat.S_ISREG(info.st_mode):
        files.append(FileEntry(path, info.st_size, _mode(info), ""))
    elif stat.S_ISDIR(info.st_mode):
        folders.append(FolderEntry(path, _mode(info)))
    else:
        return LINK if stat.S_ISLNK(info.st_mode) else SPECIAL
    return None


def _mode(info: os.stat_result) -> int:
    return stat.S_IMODE(info.st_mode) & 0o777


def _with_hashes(path: str, bare: Manifest, pieces: bool = True, tell: Optional[Tell] = None) -> Manifest:
    """The manifest with the hash of every file and, if wanted, of every piece."""
    hasher = _Hasher(bare, OpenFiles(lambda number: _path_of(path, bare, number), os.O_RDONLY), tell)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        # Files first: one big file has to be hashed in one thread, while the other threads hash pieces.
        file_hashes = pool.map(hasher.file, range(len(bare.files)))
        piece_hashes = pool.map(hasher.piece, range(bare.piece_count if pieces else 0))
        entries = zip(bare.files, file_hashes)
        files = tuple(entry._replace(sha256=sha256) for entry, sha256 in entries)
        done = tuple(piece_hashes)
    hasher.close()
    return bare._replace(files=files, pieces=done)


class _Hasher:
    """Hashes pieces and files of one payload, from any thread."""

    def __init__(self, manifest: Manifest, files: OpenFiles, tell: Optional[Tell]) -> None:
        self._manifest = manifest
        self._tell = tell
        self._files = files
        self._layout = Layout(manifest)
        self.close = files.close

    def piece(self, index: int) -> bytes:
        sha = hashlib.sha256()
        for segment in self._layout.segments(index, 0, self._layout.piece_length(index)):
            self._feed(sha, segment.file, segment.offset, segment.length)
        return sha.digest()

    def file(self, number: int) -> str:
        sha = hashlib.sha256()
        self._feed(sha, number, 0, self._manifest.files[number].size)
        return sha.hexdigest()

    def _feed(self, sha: "hashlib._Hash", file: int, offset: int, length: int) -> None:
        with self._files.descriptor(file) as descriptor:
            for data in read_range(descriptor, offset, length):
                sha.update(data)
                length -= len(data)
                if self._tell is not None:
                    self._tell(len(data))
        if length:
            raise OSError(errno.ESTALE, "it became shorter while it was read", self._manifest.files[file].path)

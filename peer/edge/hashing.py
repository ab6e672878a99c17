"""Makes and checks manifests from files on disk."""

from __future__ import annotations

import errno
import os
import stat
from typing import List, NamedTuple, Optional, Sequence, Tuple

from peer.core.blocks import HASH_BYTES, block_size
from peer.core.errors import ConfigError, StoreError, system_words
from peer.core.filetable import FileEntry, FileTable
from peer.core.listing import listed
from peer.core.manifest import FolderEntry, Manifest, auto_piece_size, payload_proof
from peer.core.manifestjson import check_length
from peer.core.payloadnames import LINK, SPECIAL, check_names
from peer.edge.blockhashes import Tell, hash_blocks, path_of
from peer.edge.copies import differences
from peer.edge.encoding import check_encoding
from peer.edge.files import entries_below
from peer.edge.wholefile import AT_ONCE, sha256_of


def make_manifest(
    path: str, piece_size: Optional[int] = None, name: str = "", tell: Optional[Tell] = None, block: int = 0
) -> Manifest:
    """The manifest of a file or a folder, read once. Raises ConfigError, StoreError.

    `piece_size` in bytes, None for automatic; `block` in bytes, where it divides that, else automatic. `tell` gets the
    bytes of each part that was hashed, from any thread. Links, devices and sockets are refused by name: a payload is
    bytes, and a link may mean something else on a host.
    """
    path = os.path.abspath(path)
    name = name or os.path.basename(path)
    try:
        bare = _scan(path, name)
        check_names(name, bare.files.paths, [folder.path for folder in bare.folders], path)
        check_encoding(bare.names, path)
        pieces = piece_size or auto_piece_size(bare.size)
        block = block_size(bare.size, pieces) if not block or pieces % block else block
        bare = bare._replace(piece_size=pieces, block=block)
        check_length(bare, path)
        stamps = _stamps(path, bare)
        made = bare._replace(blocks=hash_blocks(path, bare, tell))
        _check_unchanged(path, bare, stamps)
        return made
    except OSError as error:
        raise _unreadable(path, error) from None


def _stamps(path: str, bare: Manifest) -> List[Tuple[int, int]]:
    """Size and time of each file: one of them changes when a program writes to the file."""
    found = (os.stat(path_of(path, bare, number)) for number in range(len(bare.files)))
    return [(info.st_size, info.st_mtime_ns) for info in found]


def _check_unchanged(path: str, bare: Manifest, stamps: List[Tuple[int, int]]) -> None:
    now = _stamps(path, bare)
    sizes = list(bare.files.sizes)
    changed = [n for n, stamp in enumerate(now) if stamp != stamps[n] or stamp[0] != sizes[n]]
    if changed:
        raise _written_to(path_of(path, bare, changed[0]))


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

    `proof`: what `payload_proof` says of the bytes that were read. `sha256`: what people compare, "" if it isn't known.
    `extras`: files, links and the like in the tree that aren't part of the payload.
    """

    proof: str
    sha256: str
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
            return Check("", "", len(found.files), found.size, problem, len(surplus))
        hashed = manifest._replace(blocks=hash_blocks(path, manifest, tell), bare=False)
        proof = payload_proof(hashed)
        sha256 = _known_sha256(hashed, path, proof)
    except (OSError, ConfigError) as error:
        reason = str(error) if isinstance(error, ConfigError) else system_words(error)
        return Check("", "", 0, 0, f"{path}: {reason}")
    wrong = [] if manifest.bare else [manifest.files.path(number) for number in _other_files(hashed, manifest)]
    problem = f"{listed(wrong, 1)}: wrong bytes" if wrong else ""
    return Check(proof, sha256, len(found.files), found.size, problem, len(surplus))


def _other_files(found: Manifest, wanted: Manifest) -> List[int]:
    """The numbers of the files with a block whose hash differs."""
    if found.blocks == wanted.blocks:
        return []
    ours, theirs = memoryview(found.blocks), memoryview(wanted.blocks)
    begins = range(0, len(ours), HASH_BYTES)
    other = (begin // HASH_BYTES for begin in begins if ours[begin:][:HASH_BYTES] != theirs[begin:][:HASH_BYTES])
    return list(dict.fromkeys(map(wanted.layout.file_of_block, other)))


def _known_sha256(hashed: Manifest, path: str, proof: str) -> str:
    """What people compare: a tree's is its proof, and so is that of one block; a large file's isn't waited for."""
    if hashed.tree or hashed.layout.block_count <= 1:
        return proof
    return sha256_of(path) if hashed.size <= AT_ONCE else ""


def _found(path: str, wanted: Manifest) -> Tuple[Manifest, List[str]]:
    """The files and folders on disk that belong to a payload, without hashes, and the paths of all other files."""
    if not os.path.isdir(path):
        return _scan(path, wanted.name), []
    names = set(wanted.files.paths)
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
    return _bare(wanted.name, True, files, folders), sorted(surplus)


def _other_modes(manifest: Manifest, path: str) -> str:
    """The first difference in modes; "" if there is none."""
    found = differences(manifest, path)
    others = [f"{one.path or manifest.name}: {one}" for one in found]
    return listed(others, 1) if others else ""


def _difference(found: Manifest, wanted: Manifest) -> str:
    """The first difference that needs no hashing; "" if there is none."""
    if found.tree != wanted.tree:
        return f"{wanted.name}: a {'file' if wanted.tree else 'folder'} in its place"
    sizes = dict(zip(found.files.paths, found.files.sizes))
    folders = {folder.path for folder in found.folders}
    missing = [path for path in wanted.files.paths if path not in sizes]
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
        return _bare(name, False, [FileEntry(name, info.st_size, _mode(info))])
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
    return _bare(name, True, files, folders)._replace(root_mode=_mode(info))


def _bare(name: str, tree: bool, files: List[FileEntry], folders: Sequence[FolderEntry] = ()) -> Manifest:
    """What was found, in order; nothing is known of pieces yet."""
    return Manifest(name, tree, 1, 1, FileTable.of(sorted(files)), tuple(sorted(folders)))


def _add(
    path: str, info: os.stat_result, files: List[FileEntry], folders: List[FolderEntry]
) -> Optional[Tuple[str, str]]:
    """Note one entry of a tree; why it can't be part of a payload, and what to do about it."""
    if stat.S_ISREG(info.st_mode):
        files.append(FileEntry(path, info.st_size, _mode(info)))
    elif stat.S_ISDIR(info.st_mode):
        folders.append(FolderEntry(path, _mode(info)))
    else:
        return LINK if stat.S_ISLNK(info.st_mode) else SPECIAL
    return None


def _mode(info: os.stat_result) -> int:
    return stat.S_IMODE(info.st_mode) & 0o777

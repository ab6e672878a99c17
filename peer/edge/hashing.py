"""Makes and checks manifests from files on disk."""

from __future__ import annotations

import errno
import os
from itertools import chain
from typing import Iterator, List, Optional, Sequence, Set, Tuple

from peer.core.blocks import HASH_BYTES, block_size
from peer.core.errors import ABSENT, ConfigError, StoreError, system_words
from peer.core.filetable import FileTable
from peer.core.listing import listed, quoted
from peer.core.manifest import Manifest, auto_piece_size, payload_proof
from peer.core.manifestjson import check_length
from peer.core.strangers import strangers
from peer.core.treerules import USUAL, TreeRules
from peer.core.tuples import NamedTuple
from peer.edge.asbefore import beside_seed, is_as_before
from peer.edge.blockhashes import Tell, hash_blocks, print_blocks
from peer.edge.copies import BESIDE, BYTES, LINK, MISSING, Difference, differences
from peer.edge.encoding import check_encoding
from peer.edge.files import entries_below
from peer.edge.scan import Scanned, scan
from peer.edge.wholefile import AT_ONCE, sha256_of

_SHOWN = 3  # names of each kind of difference


def make_manifest(
    path: str, piece_size: Optional[int] = None, name: str = "", tell: Optional[Tell] = None, block: int = 0
) -> Manifest:
    """The manifest of a file or a folder by the usual rules: see `hash_scanned`. Raises ConfigError, StoreError."""
    return hash_scanned(path, scan_payload(path, name), piece_size, tell, block).manifest


def scan_payload(path: str, name: str = "", rules: TreeRules = USUAL) -> Scanned:
    """What is in a file or a folder. Raises ConfigError where a payload can't be that, StoreError."""
    path = os.path.abspath(path)
    try:
        found = scan(path, name or os.path.basename(path), rules)
        check_encoding(chain([found.manifest.name], found.manifest.paths), path)
        return found
    except OSError as error:
        raise _unreadable(path, error) from None


def hash_scanned(
    path: str, found: Scanned, piece_size: Optional[int] = None, tell: Optional[Tell] = None, block: int = 0
) -> Scanned:
    """The same with hashes, for which each byte is read once. Raises ConfigError, StoreError.

    `piece_size` in bytes, None for automatic; `block` in bytes, where it divides that, else automatic. `tell` gets the
    bytes of each part that was hashed, from any thread.
    """
    path = os.path.realpath(path)
    bare = found.manifest
    try:
        pieces = piece_size or auto_piece_size(bare.size)
        block = block_size(bare.size, pieces, bare.room) if not block or pieces % block else block
        bare = bare._replace(piece_size=pieces, block=block)
        check_length(bare, path)
        made = bare._replace(**print_blocks(path, bare, tell)._asdict())
        _check_unchanged(path, bare, found.times)
        return found._replace(manifest=made)
    except OSError as error:
        raise _unreadable(path, error) from None


def _check_unchanged(path: str, bare: Manifest, times: Sequence[int]) -> None:
    """One of a file's size and time changes when a program writes to it."""
    for one, size, time in zip(bare.files_at(path), bare.files.sizes, times):
        info = os.stat(one)
        if info.st_mtime_ns != time or info.st_size != size:
            raise _written_to(one)


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


def check_payload(
    path: str, manifest: Manifest, extras: bool = True, tell: Optional[Tell] = None, seed: bool = False
) -> Check:
    """Hash a payload from its final path and compare it with the manifest. Never raises: a problem is a value.

    `extras`: what isn't part of the payload may lie in a tree. `tell`: see `hash_scanned`; all bytes once. `seed`: see
    `copies.differences`.
    """
    path = os.path.realpath(path)
    if not os.path.exists(path):
        return Check("", "", 0, 0, f"{quoted(path)}: {ABSENT}")
    try:
        is_same = seed and manifest.tree and is_as_before(path, manifest)
        found = [] if is_same else [one for one in differences(manifest, path, seed) if one.matters]
        beside = [] if is_same else _beside(path, manifest, seed, bool(found))
        if beside and not extras:
            found += [Difference(one, BESIDE) for one in beside]
        lost = {one.path for one in found if one.kind in (MISSING, LINK, BYTES)}
        if lost:
            found = [*_other_bytes(path, manifest, lost, tell), *found]
            return Check("", "", len(manifest.files), manifest.size, _told(found), len(beside))
        hashed = manifest._replace(blocks=hash_blocks(path, manifest, tell), bare=False)
        proof = payload_proof(hashed)
        sha256 = _known_sha256(hashed, path, proof)
    except (OSError, ConfigError) as error:
        reason = str(error) if isinstance(error, ConfigError) else system_words(error)
        return Check("", "", 0, 0, f"{quoted(path)}: {reason}")
    found = [*_differing(hashed, manifest), *found]
    return Check(proof, sha256, len(manifest.files), manifest.size, _told(found), len(beside))


def _other_bytes(path: str, manifest: Manifest, lost: Set[str], tell: Optional[Tell]) -> List[Difference]:
    """The files with other bytes, where some are `lost` and aren't looked at. Raises OSError."""
    if not manifest.tree or manifest.bare or "" in lost:
        return []
    layout, blocks = manifest.layout, memoryview(manifest.blocks)
    there = [number for number, name in enumerate(manifest.files.paths) if name not in lost]
    runs = (layout.blocks_of_file(number) for number in there)
    wanted = b"".join(blocks[run.begin * HASH_BYTES : run.end * HASH_BYTES] for run in runs)
    rest = manifest._replace(files=FileTable.of(manifest.files[number] for number in there), blocks=wanted)
    return _differing(rest._replace(blocks=hash_blocks(path, rest, tell)), rest)


def _differing(hashed: Manifest, manifest: Manifest) -> List[Difference]:
    wrong = [] if manifest.bare else _other_files(hashed, manifest)
    return [Difference(manifest.files.path(number), BYTES) for number in wrong]


def _told(found: List[Difference]) -> str:
    """The differences as a line, each kind with its first few: "bytes: a, b and 3 more; mode: c (0644 ...)"."""
    kinds = dict.fromkeys(one.kind for one in found)
    said = ((kind, [str(one) for one in found if one.kind == kind]) for kind in kinds)
    return "; ".join(f"{kind}: {listed(names, _SHOWN)}" for kind, names in said)


def _beside(path: str, manifest: Manifest, seed: bool, differs: bool) -> List[str]:
    """The files, links and the like in a tree that aren't part of the payload; on a seed without what is excluded.

    Where nothing of the payload `differs` they are counted first: mostly there are no others.
    """
    if not manifest.tree or not os.path.isdir(path):
        return []
    if seed:
        return beside_seed(path, manifest)
    if not differs and sum(1 for _ in _leaves(path)) == len(manifest.files) + len(manifest.parts.leaves):
        return []
    return sorted(below for below, _ in strangers(_leaves(path), manifest.leaves))


def _leaves(path: str) -> "Iterator[Tuple[str, os.DirEntry[str]]]":
    """The files, links and the like in a tree."""
    return (one for one in entries_below(path) if not one[1].is_dir(follow_symlinks=False))


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

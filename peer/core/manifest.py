"""The manifest: names, sizes, modes and SHA-256 of the payload's files, and SHA-256 of every piece."""

from __future__ import annotations

import hashlib
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

from peer.core.config import MAX_PIECE_SIZE
from peer.core.errors import ConfigError
from peer.core.payloadnames import check_names

MIN_PIECE = 64 * 1024
MAX_PIECE = 16 * 1024 * 1024
COMMON_PIECE = 256 * 1024
FEW_PIECES, MANY_PIECES = 256, 512  # what `auto_piece_size` aims for
HASH_BYTES = 32
MOST_JSON = 64 * 1024 * 1024  # bytes of a manifest as JSON; it travels as one line, and every peer reads it
_ROW_BYTES = 110  # of a file in that JSON, beyond its path


class FileEntry(NamedTuple):
    """One file of the payload: path below the payload's name ('/' between parts), bytes, permission bits, hex hash."""

    path: str
    size: int
    mode: int
    sha256: str


class FolderEntry(NamedTuple):
    """One folder of a tree, so that empty ones arrive too."""

    path: str
    mode: int


class Manifest(NamedTuple):
    """The payload as one sequence of bytes: the files one after another, sorted by path, cut into pieces.

    A single file is a sequence of one entry whose path is the payload's name. `pieces` holds the 32-byte hashes, in
    order; it is empty in a classic swarm without swarm.json.
    """

    name: str
    tree: bool
    piece_size: int
    files: Tuple[FileEntry, ...]
    folders: Tuple[FolderEntry, ...] = ()
    pieces: Tuple[bytes, ...] = ()
    root_mode: int = 0o755  # the tree's own folder

    @property
    def names(self) -> Tuple[str, ...]:
        """The payload's own name and the paths of all files and folders."""
        return (self.name, *(entry.path for entry in self.files), *(folder.path for folder in self.folders))

    @property
    def size(self) -> int:
        """Bytes of the complete payload."""
        return sum(entry.size for entry in self.files)

    @property
    def piece_count(self) -> int:
        """How many pieces the payload has; 0 for an empty one."""
        return -(-self.size // self.piece_size)

    def piece_length(self, index: int) -> int:
        """Bytes of one piece; only the last may be short."""
        return min(self.piece_size, self.size - index * self.piece_size)

    def piece_hash(self, index: int) -> Optional[bytes]:
        """The 32-byte SHA-256 of a piece; None where the swarm has no manifest."""
        return self.pieces[index] if self.pieces else None

    @property
    def digest(self) -> bytes:
        """32 bytes that identify this payload: two swarms with the same digest carry the same bytes."""
        sha = hashlib.sha256(f"{self.name}\0{self.tree}\0{self.piece_size}\0{self.root_mode:o}\n".encode())
        for entry in self.files:
            sha.update(f"{entry.path}\0{entry.size}\0{entry.mode:o}\0{entry.sha256}\n".encode())
        for folder in self.folders:
            sha.update(f"{folder.path}\0{folder.mode:o}\n".encode())
        sha.update(b"".join(self.pieces))
        return sha.digest()


def bare_manifest(name: str, size: int, piece_size: int) -> Manifest:
    """The manifest of a swarm that has only Common.cfg: without hashes."""
    return Manifest(name, False, piece_size, (FileEntry(name, size, 0o644, ""),))


def payload_digest(manifest: Manifest) -> str:
    """The hex digest of a correct payload: a file's own SHA-256, or a tree's.

    A tree's is the SHA-256 over the lines that `sha256sum` prints for its files in the manifest's order.
    """
    if not manifest.tree:
        return manifest.files[0].sha256
    lines = "".join(f"{entry.sha256}  {entry.path}\n" for entry in manifest.files)
    return hashlib.sha256(lines.encode()).hexdigest()


def auto_piece_size(size: int) -> int:
    """Bytes of a piece for a payload of `size` bytes: a power of two from 64 KiB to 16 MiB.

    Each piece costs every peer some messages and thread switches, whatever its length, so small ones cost CPU; but
    a piece is passed on only when it is complete, and too few of them leave links idle.
    """
    piece = COMMON_PIECE
    while piece < MAX_PIECE and size / piece > MANY_PIECES:
        piece *= 2
    while piece > MIN_PIECE and size / piece < FEW_PIECES:
        piece //= 2
    return piece


def other_modes(one: Manifest, other: Manifest) -> Optional[Tuple[str, int, int]]:
    """The first path whose permission bits differ, with both, where nothing else does; None where the bytes differ."""
    ours, theirs = _modes(one), _modes(other)
    alike = one._replace(files=(), folders=(), root_mode=0) == other._replace(files=(), folders=(), root_mode=0)
    hashes = [(entry.path, entry.sha256) for entry in one.files] == [
        (entry.path, entry.sha256) for entry in other.files
    ]
    if not alike or not hashes or ours.keys() != theirs.keys():
        return None
    return next(((path, ours[path], theirs[path]) for path in ours if ours[path] != theirs[path]), None)


def _modes(manifest: Manifest) -> Dict[str, int]:
    files = {entry.path: entry.mode for entry in manifest.files}
    return {".": manifest.root_mode, **{folder.path: folder.mode for folder in manifest.folders}, **files}


def check_length(manifest: Manifest, source: str) -> None:
    """Refuse a payload whose manifest would be too long to send; hashes needn't be there. Raises ConfigError."""
    rows = sum((len(path) if path.isascii() else 6 * len(path)) + _ROW_BYTES for path in manifest.names)
    pieces = 2 * HASH_BYTES * manifest.piece_count
    if rows + pieces <= MOST_JSON:
        return
    said = (
        f"its list of {len(manifest.files)} files and {manifest.piece_count} pieces takes {(rows + pieces) >> 20} MiB"
    )
    remedy = "pack its files into an archive" if rows > pieces else "choose a larger piece_size"
    raise ConfigError(source, f"{said}, and {MOST_JSON >> 20} are possible", remedy)


def to_json(manifest: Manifest) -> Dict[str, Any]:
    """The manifest as the JSON object that is in swarm.json."""
    return {
        "name": manifest.name,
        "tree": manifest.tree,
        "piece_size": manifest.piece_size,
        "root_mode": manifest.root_mode,
        "files": [list(entry) for entry in manifest.files],
        "folders": [list(folder) for folder in manifest.folders],
        "pieces": b"".join(manifest.pieces).hex(),
    }


def from_json(fields: Any, source: str) -> Manifest:
    """The manifest in a JSON object, with every field checked. Raises ConfigError."""
    try:
        manifest = Manifest(
            name=_typed(fields["name"], str),
            tree=_typed(fields["tree"], bool),
            piece_size=_typed(fields["piece_size"], int),
            files=tuple(_file_entry(row) for row in fields["files"]),
            folders=tuple(FolderEntry(_typed(path, str), _mode(mode)) for path, mode in fields["folders"]),
            pieces=_split_hashes(bytes.fromhex(fields["pieces"])),
            root_mode=_mode(fields["root_mode"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        problem = f"the manifest is damaged ({type(error).__name__}: {error})"
        raise ConfigError(source, problem, "deploy again to rewrite it") from None
    _check(manifest, source)
    return manifest


def _check(manifest: Manifest, source: str) -> None:
    remedy = "deploy again to rewrite it"
    if not 1 <= manifest.piece_size <= MAX_PIECE_SIZE:
        raise ConfigError(source, f"piece_size is {manifest.piece_size}", remedy)
    if len(manifest.pieces) != manifest.piece_count:
        raise ConfigError(source, f"{len(manifest.pieces)} piece hashes for {manifest.piece_count} pieces", remedy)
    paths = [entry.path for entry in manifest.files]
    if paths != sorted(paths) or (not manifest.tree and paths != [manifest.name]):
        raise ConfigError(source, "the files aren't in sorted order, or not the payload's own", remedy)
    check_names(manifest.name, paths, [folder.path for folder in manifest.folders], source)


def _file_entry(row: Sequence[Any]) -> FileEntry:
    path, size, mode, sha256 = row
    if not 0 <= _typed(size, int) < 2**63:
        raise ValueError(f"size {size}")
    if len(bytes.fromhex(sha256)) != HASH_BYTES or bytes.fromhex(sha256).hex() != sha256:
        raise ValueError("a file's hash isn't 64 small hex digits")  # it is compared as text
    return FileEntry(_typed(path, str), size, _mode(mode), sha256)


def _split_hashes(joined: bytes) -> Tuple[bytes, ...]:
    if len(joined) % HASH_BYTES:
        raise ValueError("a piece's hash is too short")
    return tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))


def _mode(value: Any) -> int:
    if not 0 <= _typed(value, int) <= 0o777:
        raise ValueError(f"mode {value}")
    return int(value)


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} where {kind.__name__} belongs")
    return value

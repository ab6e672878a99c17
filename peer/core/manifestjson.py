"""The manifest as JSON, as it is in swarm.json: written and read, with every field checked.

The files are columns, and all paths are one text: a hundred thousand rows would be as many objects on every peer.
"""

from __future__ import annotations

import binascii
import json
from array import array
from itertools import chain, islice
from operator import le
from typing import Any, Dict, List

from peer.core import treeparts
from peer.core.anchors import EVERY, ROW_BYTES, anchor_count
from peer.core.blocks import HASH_BYTES, block_count
from peer.core.config import MAX_PIECE_SIZE
from peer.core.errors import ConfigError
from peer.core.filetable import FileTable
from peer.core.manifest import FolderEntry, Manifest
from peer.core.payloadnames import check_names

MOST_JSON = 64 * 1024 * 1024  # bytes of a manifest as JSON; it travels as one line, and every peer reads it
_BETWEEN = "//"  # between two paths; no path holds it
_AT_ONCE = 48 * 1024  # bytes that become text at a time: a multiple of three, so that texts can be joined
_REMEDY = "deploy again to rewrite it"


def check_length(manifest: Manifest, source: str) -> None:
    """Refuse a payload whose manifest would be too long to send; hashes needn't be there. Raises ConfigError."""
    rows = len(json.dumps(to_json(manifest._replace(blocks=b"", anchors=b""))))
    blocks = manifest.layout.block_count
    hashes = 4 * (blocks * HASH_BYTES + blocks // EVERY * ROW_BYTES + 2) // 3
    if rows + hashes <= MOST_JSON:
        return
    said = f"its list of {len(manifest.files)} files and {blocks} blocks takes {(rows + hashes) >> 20} MiB"
    remedy = "choose a larger piece_size" if blocks > 2 * len(manifest.files) else "pack its files into an archive"
    raise ConfigError(source, f"{said}, and {MOST_JSON >> 20} are possible", remedy)


def to_json(manifest: Manifest) -> Dict[str, Any]:
    """The manifest as a JSON object."""
    return {
        "name": manifest.name,
        "tree": manifest.tree,
        "piece_size": manifest.piece_size,
        "block": manifest.block,
        "root_mode": manifest.root_mode,
        "folders": [list(folder) for folder in manifest.folders],
        "sizes": list(manifest.files.sizes),
        "modes": list(manifest.files.modes),
        "paths": _BETWEEN.join(manifest.files.paths),
        "parts": treeparts.to_json(manifest.parts),
        "blocks": as_text(manifest.blocks),
        "anchors": as_text(manifest.anchors),
    }


def from_json(fields: Any, source: str) -> Manifest:
    """The manifest in a JSON object, whose columns are taken out of it: they take tens of MiB. Raises ConfigError."""
    try:
        fields = _typed(fields, dict)
        manifest = Manifest(
            name=_typed(fields["name"], str),
            tree=_typed(fields["tree"], bool),
            piece_size=_typed(fields["piece_size"], int),
            block=_typed(fields["block"], int),
            files=_files(fields),
            folders=tuple(FolderEntry(_typed(path, str), _mode(mode)) for path, mode in fields["folders"]),
            blocks=as_bytes(fields.pop("blocks")),
            root_mode=_mode(fields["root_mode"]),
            anchors=as_bytes(fields.pop("anchors", "")),
        )
        _check_blocks(manifest)
        paths = manifest.files.paths
        folders = [folder.path for folder in manifest.folders]
        manifest = manifest._replace(parts=treeparts.from_json(fields.pop("parts"), paths, folders, source))
        _check_modes(manifest)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        problem = f"the manifest is damaged ({type(error).__name__}: {error})"
        raise ConfigError(source, problem, _REMEDY) from None
    names = list(paths)
    if not all(map(le, names, islice(names, 1, None))) or (not manifest.tree and names != [manifest.name]):
        raise ConfigError(source, "the files aren't in sorted order, or not the payload's own", _REMEDY)
    check_names(manifest.name, list(manifest.leaves) if manifest.parts.leaves else names, folders, source)
    return manifest


def _check_modes(manifest: Manifest) -> None:
    """Setuid and its like come only where they are asked for. Raises ValueError."""
    most = max(chain((manifest.root_mode,), manifest.files.modes, (folder.mode for folder in manifest.folders)))
    if most > 0o777 and not manifest.parts.rules.setuid:
        raise ValueError(f"mode {most:o}")


def _check_blocks(manifest: Manifest) -> None:
    """The sizes must fit, before anything is derived from them. Raises ValueError."""
    size, block = manifest.piece_size, manifest.block
    if not 1 <= block <= size <= MAX_PIECE_SIZE or size % block:
        raise ValueError(f"blocks of {block} bytes in pieces of {size}")
    blocks = sum(block_count(size, block) for size in manifest.files.sizes)
    if len(manifest.blocks) != blocks * HASH_BYTES:
        raise ValueError(f"{len(manifest.blocks)} bytes of hashes for {blocks} blocks")
    anchors = sum(anchor_count(size, block) for size in manifest.files.sizes) if manifest.anchors else 0
    if len(manifest.anchors) != anchors * ROW_BYTES:
        raise ValueError(f"{len(manifest.anchors)} bytes of anchors for {anchors} of them")


def _files(fields: Dict[str, Any]) -> FileTable:
    sizes = _numbers("Q", fields.pop("sizes"), 2**63 - 1)
    modes = _numbers("H", fields.pop("modes"), 0o7777)
    paths = _typed(fields.pop("paths"), str)
    return FileTable(paths.split(_BETWEEN) if paths else [], sizes, modes)


def _numbers(kind: str, column: Any, most: int) -> "array[int]":
    """A column of numbers from 0 to `most`; bool isn't one."""
    numbers: List[int] = _typed(column, list)
    if numbers and (set(map(type, numbers)) != {int} or not 0 <= min(numbers) <= max(numbers) <= most):
        raise ValueError(f"a number that isn't from 0 to {most}")
    return array(kind, numbers)


def as_text(blocks: bytes) -> str:
    """Hashes or anchors as they are in JSON: base64."""
    return binascii.b2a_base64(blocks, newline=False).decode()


def as_bytes(text: Any) -> bytes:
    """What `as_text` made. Raises ValueError, TypeError."""
    blocks = binascii.a2b_base64(_typed(text, str))
    at = 0  # how much of the text is right: what isn't base64 was skipped silently
    for begin in range(0, len(blocks), _AT_ONCE):  # in parts, as both may have megabytes
        part = as_text(blocks[begin : begin + _AT_ONCE])
        at += len(part) if text.startswith(part, at) else 0
    if at != len(text):
        raise ValueError("hashes or anchors that aren't base64")
    return blocks


def _mode(value: Any) -> int:
    if not 0 <= _typed(value, int) <= 0o7777:
        raise ValueError(f"mode {value}")
    return int(value)


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} where {kind.__name__} belongs")
    return value

"""Tells by all but its bytes whether a payload is still what it was when it was scanned."""

from __future__ import annotations

import hashlib
from typing import List, Sequence

from peer.core.errors import ConfigError
from peer.core.manifest import Manifest
from peer.core.treerules import SKIP, TreeRules
from peer.core.tuples import NamedTuple
from peer.edge.foundrows import FoundRows
from peer.edge.scan import find


class Stamp(NamedTuple):
    """What tells one state of a payload from another; its bytes."""

    digest: str
    size: int


def stamp(path: str, rules: TreeRules) -> Stamp:
    """It changes whenever the payload by these rules does: each file's name, size, mode, times and inode are in it.

    The time of the last change of any kind tells of new bytes whose size and time of modification are the old ones.
    Raises ConfigError, OSError.
    """
    found = find(path, "", rules)
    top = FoundRows()
    top.add([("", found.top)])
    rest = [found.rules.links, sorted(found.special), found.left_files, found.left_bytes]
    sha = hashlib.sha256(ascii(rest).encode())
    for rows in (top, found.files, found.folders, found.links):
        sha.update(rows.state)
    return Stamp(sha.hexdigest(), sum(found.files.sizes))


def is_as_before(path: str, manifest: Manifest) -> bool:
    """Whether a seed's payload at `path` is in all but bytes and times what it was scanned as. Raises OSError."""
    try:
        now = find(path, manifest.name, manifest.parts.rules).result().manifest
    except ConfigError:
        return False
    return _outline(now) == _outline(manifest)


def _outline(manifest: Manifest) -> Sequence[object]:
    parts = manifest.parts
    return manifest.tree, manifest.files, manifest.folders, manifest.root_mode, parts.links, parts.hardlinks


def beside_seed(path: str, manifest: Manifest) -> List[str]:
    """The leaves in a seed's tree that are neither in the payload nor left out by its rules. Raises OSError."""
    found = find(path, manifest.name, manifest.parts.rules)
    paths = {*found.files.paths, *found.links.paths}
    if manifest.parts.rules.special != SKIP:
        paths.update(found.special)
    return sorted(paths.difference(manifest.leaves))

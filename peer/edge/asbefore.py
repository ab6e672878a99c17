"""Tells by all but its bytes whether a payload is still what it was when it was scanned."""

from __future__ import annotations

from typing import List, Sequence

from peer.core.errors import ConfigError
from peer.core.manifest import Manifest
from peer.core.treerules import SKIP, TreeRules
from peer.edge.scan import find


def stamp(path: str, rules: TreeRules) -> str:
    """The stamp of a payload by these rules (see `Scan.stamp`), and nothing else. Raises ConfigError, OSError."""
    return find(path, "", rules).stamp


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

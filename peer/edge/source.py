"""Checks that a seed's files are there, readable, and as long as the manifest says, before it offers them."""

from __future__ import annotations

import os

from peer.core.errors import StoreError
from peer.core.manifest import Manifest
from peer.edge.files import size_of


def check_source(manifest: Manifest, root: str) -> None:
    """The files of the copy at `root`. Raises StoreError."""
    for path, wanted in zip(manifest.files_at(root), manifest.files.sizes):
        size = size_of(path)
        if size is None:
            raise StoreError(f"{path}: the seed's file isn't there; put it there, or write hasFile 0 for this peer")
        if size != wanted:
            raise StoreError(f"{path}: {_other_size(manifest, size, wanted)}")
        if not os.access(path, os.R_OK):
            raise StoreError(f"{path}: permission denied; give this user the right to read it")


def _other_size(manifest: Manifest, size: int, wanted: int) -> str:
    """Why a seed's file doesn't have its size, and what to do about it."""
    if not manifest.hashed:
        return f"it has {size} bytes, and {wanted} in the configuration; correct one of the two"
    problem = f"it has {size} bytes and had {wanted} when it was hashed: another program has written to it since"
    return f"{problem}; stop that, or take it out of the payload, and deploy again"

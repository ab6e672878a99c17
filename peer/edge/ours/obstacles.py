"""Finds things in the way of a payload at its final path; for the peer, and for the agent before any peer starts."""

from __future__ import annotations

import os

from peer.core.manifest import Manifest
from peer.edge import copies
from peer.edge.ours import turning
from peer.edge.ours.recordfile import ForeignError, RecordFile


def refuse(record: RecordFile, final: str, manifest: Manifest, replace: bool, extras: bool) -> None:
    """Raise ForeignError, before any data is transferred, if something foreign is in the way.

    `replace`: it is put aside, and refused only if that fails. `extras`: foreign files may stay in a tree.
    """
    leaves = manifest.leaves if manifest.tree else ()
    folders = (folder.path for folder in manifest.folders)
    stays = turning.check(record, final, turning.Wanted(manifest.tree, leaves, folders), replace)
    if stays and not extras:
        raise ForeignError(os.path.join(final, stays[0]), "it isn't part of the payload")


def may_be_complete(record: RecordFile, final: str, manifest: Manifest) -> bool:
    """Whether all but the bytes is the payload's, or can be corrected; only a hash can prove the bytes."""
    found = copies.differences(manifest, final)
    return copies.is_ours_to_change(manifest, final, found, record)

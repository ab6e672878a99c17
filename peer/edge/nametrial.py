"""Tries in a work folder whether its file system can hold a payload's names and links, before a byte of it moves."""

from __future__ import annotations

import errno
import os
from typing import List

from peer.core.errors import StoreError
from peer.core.listing import quoted
from peer.core.manifest import Manifest
from peer.core.payloadnames import doubtful_folders
from peer.edge.ours import trees

_TRIAL = "names"
_REFUSALS = (errno.EEXIST, errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG, errno.EPERM, errno.EACCES)
_REMEDY = "name another `destination` or `workdir`, or leave it out with `exclude`"


def refuse(work: str, manifest: Manifest) -> None:
    """Raise StoreError where names would be joined, changed or refused, or links or owners are impossible.

    `work`: a fresh folder of ours. Only names that are treated differently somewhere are tried.
    """
    parts = manifest.parts
    if parts.rules.owner and os.geteuid() != 0:
        raise StoreError(f"{work}: only root can give files their owners; log in as root, or write `owner: drop`")
    trial = os.path.join(work, _TRIAL)
    trees.clear(trial)
    os.mkdir(trial)
    try:
        if manifest.tree:
            for number, (folder, names) in enumerate(doubtful_folders(manifest.paths).items()):
                _try_names(os.path.join(trial, str(number)), folder, names)
        _try_links(trial, manifest)
    finally:
        trees.clear(trial)


def _try_names(trial: str, folder: str, names: List[str]) -> None:
    os.mkdir(trial)
    for name in names:
        try:
            os.close(os.open(os.path.join(trial, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            how = "joins with another name" if isinstance(error, FileExistsError) else "refuses the name"
            raise _impossible(folder, name, how) from None
    found = os.listdir(trial)
    changed = sorted(set(names).difference(found))
    if changed:
        raise _impossible(folder, changed[0], "changes the name")
    trees.clear(trial)


def _try_links(trial: str, manifest: Manifest) -> None:
    parts = manifest.parts
    kind, path = "", ""
    try:
        if parts.links:
            kind, path = "symbolic", parts.links[0].path
            os.symlink("nowhere", os.path.join(trial, "link"))
        if parts.hardlinks:
            kind, path = "hard", parts.hardlinks[0].path
            os.mkdir(os.path.join(trial, "linked"))
            with open(os.path.join(trial, "linked", "file"), "xb"):
                os.link(os.path.join(trial, "linked", "file"), os.path.join(trial, "linked", "further"))
    except OSError:
        raise StoreError(f"the file system here has no {kind} links, and {quoted(path)} is one; {_REMEDY}") from None


def _impossible(folder: str, name: str, how: str) -> StoreError:
    shown = quoted(f"{folder}/{name}" if folder else name)
    what = f"the file system here {how} {shown}"
    return StoreError(f"{what}; {_REMEDY}")

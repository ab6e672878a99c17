"""What lies on the operator's machine to be uploaded: where, and how large."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.core.inventory import Upload


def upload_source(base: Path, payload: Upload) -> Path:
    """Its path; relative ones begin in the inventory's folder."""
    return base / Path(payload.path).expanduser()


def upload_size(base: Path, payload: Upload) -> int | None:
    """Its bytes; None where it isn't there."""
    source = upload_source(base, payload)
    try:
        if source.is_file():
            return source.stat().st_size
        return _tree_size(source) if source.is_dir() else None
    except OSError:
        return None


def _tree_size(root: Path) -> int:
    size, left = 0, [str(root)]
    while left:  # no recursion: a tree may be deeper than the stack
        with os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_size
    return size

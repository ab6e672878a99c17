"""Removes files and trees; a link is only unlinked, never followed."""

from __future__ import annotations

import os
import shutil


def remove(path: str) -> None:
    """Remove the file, link or tree at `path`; nothing happens where there is none."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            _open_folders(path)
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass


def _open_folders(path: str) -> None:
    """Give ourselves the rights to empty a tree whose folders came read-only, as a payload's may."""
    os.chmod(path, 0o700)
    for folder, folders, _ in os.walk(path):
        for inner in (os.path.join(folder, name) for name in folders):
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)

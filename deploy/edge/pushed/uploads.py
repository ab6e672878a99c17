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
        files = [os.path.join(folder, name) for folder, _, names in os.walk(source) for name in names]
        return sum(os.lstat(file).st_size for file in files) if source.is_dir() else None
    except OSError:
        return None

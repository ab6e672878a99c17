"""What lies on the operator's machine to be uploaded: where, and how large."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.agent.verbs import Spot
from deploy.core.inventory import Upload
from peer.core.errors import EXIT_USAGE, WeftError


class UploadError(WeftError):
    """What is to be uploaded can't be read on this machine."""

    code = EXIT_USAGE


def upload_source(base: Path, payload: Upload) -> Path:
    """Its path; relative ones begin in the inventory's folder."""
    return base / os.path.expanduser(payload.path)


def upload_size(base: Path, payload: Upload) -> int | None:
    """Its bytes; None where it isn't there, or isn't what a payload can be."""
    spot = _spot(base, payload)
    return None if spot.problem else spot.size


def check_upload(base: Path, payload: Upload) -> Spot:
    """What it is. Raises UploadError where it isn't there, or isn't what a payload can be."""
    spot = _spot(base, payload)
    if spot.problem:
        raise UploadError(f"payload: {spot.problem}")
    return spot


def _spot(base: Path, payload: Upload) -> Spot:
    from deploy.agent import survey  # with all that scans a tree, for an upload alone

    return survey.source(0, str(upload_source(base, payload)), payload.name, payload.rules)

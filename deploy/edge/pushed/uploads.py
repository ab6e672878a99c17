"""What lies on the operator's machine to be uploaded: where, and how large."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.agent.verbs import Spot
from deploy.core.inventory import Payload, Upload
from peer.core.errors import EXIT_USAGE, WeftError


class UploadError(WeftError):
    """What is to be uploaded can't be read on this machine."""

    code = EXIT_USAGE


def upload_source(base: Path, payload: Upload) -> Path:
    """Its path; relative ones begin in the inventory's folder."""
    return base / os.path.expanduser(payload.path)


def upload_size(spot: Spot | None) -> int | None:
    """Its bytes; None where nothing is uploaded, it isn't there, or isn't what a payload can be."""
    return None if spot is None or spot.problem else spot.size


def check_upload(spot: Spot | None) -> None:
    """Raises UploadError where what is to be uploaded isn't there, or isn't what a payload can be."""
    if spot is not None and spot.problem:
        raise UploadError(f"payload: {spot.problem}")


def upload_spot(base: Path, payload: Payload) -> Spot | None:
    """What is to be uploaded, with what is wrong with it; None where nothing is."""
    if not isinstance(payload, Upload):
        return None
    from deploy.agent import survey  # with all that scans a tree, for an upload alone

    return survey.source(0, str(upload_source(base, payload)), payload.name, payload.rules)

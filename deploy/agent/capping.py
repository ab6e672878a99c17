"""Writes the caps of this host into the file that its peers share; it holds from their next portion on."""

from __future__ import annotations

import os
from typing import Optional

from deploy.agent import paths, verbs
from deploy.agent.context import Context
from peer.core import folder
from peer.edge.capfile import set_caps
from peer.edge.ours.making import open_growing
from peer.edge.ours.recordfile import RecordFile


def cap(request: verbs.Cap, context: Context) -> verbs.Done:
    """Change them."""
    home = paths.deployed_home(context.home)
    with paths.recording(home) as record:
        write(record, home, request.up, request.down)
    return verbs.Done()


def write(record: RecordFile, home: str, up: Optional[float], down: Optional[float]) -> None:
    """Bytes a second, 0 for none; None leaves a direction as it is. The file is made where there is none."""
    descriptor = open_growing(record, os.path.join(home, folder.BUDGET), os.O_RDWR, 0o600)
    try:
        set_caps(descriptor, up, down)
    finally:
        os.close(descriptor)

"""What the operator who deploys a swarm leaves for others to read: who that is, since when, and how far the work is."""

from __future__ import annotations

import json
import os
import time
from typing import Dict, Tuple

from deploy.agent import paths
from peer.core import folder
from peer.core.mark import Mark
from peer.edge.ours.making import open_growing

_open: Dict[int, Tuple[str, float]] = {}  # the file -> who, and since when by this host's clock
_MOST = 4096  # bytes


def begin(home: str, who: str) -> None:
    """Write it into a swarm's folder that is ours alone; it goes on until this agent ends."""
    with paths.recording(home) as record:
        handle = open_growing(record, os.path.join(home, folder.CLAIM), os.O_RDWR)
    _open[handle] = (who, time.time())
    _write(handle, "")


def tell(mark: Mark) -> None:
    """How far the present request is; nothing is written where no folder is held."""
    for handle in _open:
        _write(handle, str(mark))


def read(home: str) -> Tuple[str, float, str]:
    """(who, for how many seconds, what is done); ("", 0, "") where nobody has told that."""
    try:
        with open(os.path.join(home, folder.CLAIM), "rb") as file:
            said = json.loads(file.read(_MOST))
        return str(said["who"]), max(0.0, time.time() - float(said["since"])), str(said["doing"])
    except (OSError, ValueError, KeyError, TypeError):  # it may just be written
        return "", 0.0, ""


def _write(handle: int, doing: str) -> None:
    who, since = _open[handle]
    text = json.dumps({"who": who[:200], "since": since, "doing": doing[:400]}).encode()
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))

"""Sends a host's logs, statuses and configuration to the operator; never keys, never the payload."""

from __future__ import annotations

import os

from deploy.agent import paths, verbs
from deploy.agent.context import Context
from deploy.agent.wire import CHUNK, Wire
from peer.core import folder

_CONFIGURATION = (folder.COMMON, folder.PEER_INFO, folder.SWARM)


def collect(_: verbs.Collect, context: Context) -> verbs.Collected:
    """Every log, status and configuration file of the swarm, in parts; answers their sizes."""
    home = paths.deployed_home(context.home)
    names = sorted(name for name in os.listdir(home) if _is_wanted(name))
    return verbs.Collected({name: _send(os.path.join(home, name), name, context.wire) for name in names})


def _is_wanted(name: str) -> bool:
    peer = folder.peer_of(name)
    told = () if peer is None else (folder.log(peer), folder.status(peer), folder.trace(peer), folder.stderr(peer))
    return name in _CONFIGURATION or name in told


def _send(path: str, name: str, wire: Wire) -> int:
    """The file's bytes as they are at this moment: a log may still be growing."""
    with open(path, "rb") as file:
        left = size = os.fstat(file.fileno()).st_size
        wire.part(name, b"")
        while left > 0:
            data = file.read(min(left, CHUNK))
            if not data:
                break
            wire.part(name, data)
            left -= len(data)
    return size - left

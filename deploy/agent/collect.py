"""Sends a host's logs, statuses and configuration to the operator; never keys, never the payload."""

from __future__ import annotations

import os
from typing import Dict

from deploy.agent import paths, verbs
from deploy.agent.context import Context
from deploy.agent.facts import hash_file
from deploy.agent.wire import CHUNK, Wire
from peer.core import folder

_CONFIGURATION = (folder.COMMON, folder.PEER_INFO, folder.SWARM)


def collect(request: verbs.Collect, context: Context) -> verbs.Collected:
    """Every log, status and configuration file of the swarm, in parts; answers their sizes."""
    home = paths.deployed_home(context.home)
    names = sorted(name for name in os.listdir(home) if _is_wanted(name))
    known = tuple(name for name in names if _is_known(home, name, request.known))
    sent = {name: _send(os.path.join(home, name), name, context.wire) for name in names if name not in known}
    return verbs.Collected(sent, known)


def _is_wanted(name: str) -> bool:
    peer = folder.peer_of(name)
    told = () if peer is None else (folder.log(peer), folder.status(peer), folder.trace(peer), folder.stderr(peer))
    return name in _CONFIGURATION or name in told


def _is_known(home: str, name: str, known: Dict[str, str]) -> bool:
    """Whether the operator has just this; a large swarm.json would cost the seed's link, which all wait for."""
    return name in known and known[name] == hash_file(os.path.join(home, name))


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

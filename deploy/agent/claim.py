"""Lets one operator at a time deploy a swarm: the first holds the swarm's folder until that operator's agent ends."""

from __future__ import annotations

import fcntl
import os
from typing import Dict

from deploy.agent import claimnote, locks, paths, verbs
from deploy.agent.context import Context
from peer.edge.ours.sharing import unreplaced

_held: Dict[str, int] = {}  # folder -> the open file whose lock is ours; it goes with this process


def claim(request: verbs.Claim, context: Context) -> verbs.Claimed:
    """Hold the swarm's folder, unless another operator does."""
    home = paths.make_home(context.home, request.aside)
    living = locks.living(home, paths.peers_here(home))
    paths.shorten_record(home)  # which isn't done later, while the folder is held
    peers = tuple(sorted(living))
    if not take(home):
        return verbs.Claimed(True, peers, *claimnote.read(home))
    if request.who:
        claimnote.begin(home, request.who)
    return verbs.Claimed(False, peers)


def take(home: str) -> bool:
    """Whether the folder is ours alone, until this agent ends."""
    if home in _held:
        return True
    path = os.path.join(home, paths.MARKER)
    with unreplaced(path):
        handle = os.open(path, os.O_RDWR)  # NFS locks only what may be written
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            pass  # a file system without locks: other operators aren't kept out
    _held[home] = handle
    return True

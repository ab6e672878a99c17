"""Finds every process of a lab by the network namespace it is in, and ends it. No list of pids can be that complete."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import Dict, Iterable, List, Optional, Tuple

from .errors import LabError
from .network import NETNS

KILL_SECONDS = 20.0


def inside(namespaces: Iterable[str]) -> Dict[str, List[int]]:
    """The processes in each of these network namespaces, never those in our own."""
    inodes = {_inode(str(NETNS / name)): name for name in namespaces}
    for inode in (None, _inode("/proc/self/ns/net")):  # a name that leads nowhere; the namespace we stand in
        inodes.pop(inode, None)
    found: Dict[str, List[int]] = {name: [] for name in inodes.values()}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        name = inodes.get(_inode(f"/proc/{pid}/ns/net"))
        if name is not None:
            found[name].append(pid)
    return found


def end_all(namespaces: Iterable[str]) -> None:
    """Kills every process in these namespaces and waits until none is left. Raises LabError if one stays."""
    wanted = list(namespaces)
    deadline = time.monotonic() + KILL_SECONDS
    while True:
        pids = [pid for found in inside(wanted).values() for pid in found]
        if not pids:
            return
        if time.monotonic() > deadline:
            raise LabError(f"process {pids[0]} doesn't end: try 'down' again")
        _kill(pids, deadline)


def _kill(pids: List[int], deadline: float) -> None:
    """Kills these and waits for their ends; a host's first process takes all others of the host along."""
    handles = {}
    for pid in pids:
        try:
            handles[os.pidfd_open(pid)] = pid
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        for handle in handles:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
    finally:
        for handle in handles:
            os.close(handle)


def _inode(path: str) -> Optional[Tuple[int, int]]:
    try:
        status = os.stat(path)
    except OSError:
        return None  # a process that ended meanwhile
    return (status.st_dev, status.st_ino)

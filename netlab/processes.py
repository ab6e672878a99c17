"""Finds every process of a lab by the network namespace it is in, and ends it. No list of pids can be that complete."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import Callable, Dict, Iterable, List, Optional, Tuple

from netlab.errors import LabError
from netlab.network import NETNS

KILL_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.05


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


def end_all(namespaces: Iterable[str], reap: Callable[[], None] = lambda: None) -> None:
    """Kills every process in these namespaces and waits until all have ended. Raises LabError if one does not.

    A host's first process takes all others of the host along, but ends only after those, and those of them that are
    our own children end only when `reap` has taken their exit codes.
    """
    wanted = list(namespaces)
    dying: Dict[int, int] = {}  # the descriptors by which we watch them, and their pids
    deadline = time.monotonic() + KILL_SECONDS
    try:
        while True:
            known = set(dying.values())
            for pid in (pid for found in inside(wanted).values() for pid in found if pid not in known):
                _kill(pid, dying)
            if not dying:
                return
            if time.monotonic() > deadline:
                raise LabError(f"process {min(dying.values())} does not end: try 'down' again")
            reap()
            _wait_for_some(dying)
    finally:
        for handle in dying:
            os.close(handle)


def _kill(pid: int, dying: Dict[int, int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        dying[os.pidfd_open(pid)] = pid
        os.kill(pid, signal.SIGKILL)


def _wait_for_some(dying: Dict[int, int]) -> None:
    """Forgets those that have ended; waits for a moment if there are none."""
    poll = select.poll()
    for handle in dying:
        poll.register(handle, select.POLLIN)
    for handle, _ in poll.poll(LOOK_AGAIN_SECONDS * 1000):
        del dying[handle]
        os.close(handle)


def _inode(path: str) -> Optional[Tuple[int, int]]:
    try:
        status = os.stat(path)
    except OSError:
        return None  # a process that ended meanwhile
    return (status.st_dev, status.st_ino)

"""The processes that end with this agent, and those that outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, List, NoReturn, Set

if TYPE_CHECKING:  # an agent that follows has no children, and needn't load it
    import subprocess

lock = threading.RLock()  # a signal's handler may come while the main thread holds it
_running: "Set[subprocess.Popen[bytes]]" = set()
_free: "List[subprocess.Popen[bytes]]" = []  # ours to reap, not ours to end: peers outlive the agent


def adopt(child: "subprocess.Popen[bytes]") -> None:
    """Let a process that others started go with the agent, until `disown`."""
    with lock:
        _running.add(child)


def disown(child: "subprocess.Popen[bytes]") -> None:
    """From now on the process may outlive the agent."""
    with lock:
        _running.discard(child)


def let_go(child: "subprocess.Popen[bytes]") -> None:
    """It outlives the agent; its exit code is ours to collect while we are here."""
    _free.append(child)


def reap() -> None:
    """Collect the exit codes of those that have ended, so that no zombie stays while this agent serves."""
    _free[:] = [process for process in _free if process.poll() is None]


def leave(code: int) -> NoReturn:
    """End this process immediately, and every child with it."""
    with lock:
        for child in list(_running):
            kill(child)
        os._exit(code)


def kill(child: "subprocess.Popen[bytes]") -> None:
    """End a process, and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # start_new_session made it the leader of a group of its own

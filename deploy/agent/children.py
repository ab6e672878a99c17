"""Child processes that live no longer than their request: run with a deadline, killed with the agent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import List, NamedTuple, NoReturn, Set

from deploy.agent.wire import AgentError

_lock = threading.RLock()  # a signal's handler may come while the main thread holds it
_running: Set["subprocess.Popen[bytes]"] = set()


class Ended(NamedTuple):
    """A child's exit code and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def last_words(self) -> str:
        """The last line of its standard error, which holds a program's reason."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


def python(arguments: List[str], folder: str, seconds: float) -> Ended:
    """Run this very interpreter, isolated, in `folder`; raises AgentError after `seconds`."""
    with _lock:
        child = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _running.add(child)
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        problem = f"`{arguments[1]}` took longer than {seconds:.0f} s"
        raise AgentError(problem, "is that disk very slow?") from None
    finally:
        _end(child)
    return Ended(child.returncode, out, err.decode(errors="replace"))


def adopt(child: "subprocess.Popen[bytes]") -> None:
    """Let a process that others started go with the agent, until `disown`."""
    with _lock:
        _running.add(child)


def disown(child: "subprocess.Popen[bytes]") -> None:
    """From now on the process may outlive the agent."""
    with _lock:
        _running.discard(child)


def leave(code: int) -> NoReturn:
    """End this process immediately, and every child with it."""
    with _lock:
        for child in list(_running):
            _kill(child)
        os._exit(code)


def _end(child: "subprocess.Popen[bytes]") -> None:
    with _lock:  # in one step: between two of them `leave` would find no process to end
        disown(child)
        if child.poll() is None:
            _kill(child)
            child.wait()


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # start_new_session made it the leader of a group of its own

"""A process of ours that is an agent, or leads to one: a socket to its standard streams, and its errors kept."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from deploy.edge.hosts.pipe import Pipe

PATIENCE = 2.0  # seconds for a process to notice that we hung up


class AgentProcess:
    """It runs in a session of its own: Ctrl-C at the terminal is for us to answer. Raises OSError."""

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._socket, theirs = socket.socketpair()
        self._errors = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (lives as long as the process)
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                cwd=folder,
                start_new_session=True,
            )
        except OSError:
            self._socket.close()
            self._errors.close()
            raise
        finally:
            theirs.close()

    def pipe(self, last_words: Callable[[], str], hang_up: Callable[[], object]) -> Pipe:
        """The way to the agent."""
        return Pipe(self._socket, last_words, hang_up, lambda: self._process.poll() is not None)

    def code(self) -> int | None:
        """The exit code, once it has ended or soon does."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        return self._process.returncode

    def last_words(self) -> str:
        """Why it ended: the last line on its standard error, else its exit code."""
        code = self.code()
        return self.last_line() or f"exit code {code}"

    def last_line(self) -> str:
        """The last line on its standard error; "" for none."""
        with contextlib.suppress(ValueError):  # closed meanwhile
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
        return ""

    def end(self, patience: float = PATIENCE) -> None:
        """Hang up, and end what is still there after so many seconds, with all that it has started in its session."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread of ours that still waits for an answer
        self._socket.close()
        for sign, seconds in ((0, patience), (signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE)):
            with contextlib.suppress(ProcessLookupError):
                if self._process.poll() is None:
                    os.killpg(self._process.pid, sign)  # 0 does nothing
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                break
        self._errors.close()

"""Runs agents on this machine, as plain child processes without SSH."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from deploy.core.inventory import Host
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import unreachable
from deploy.edge.hosts.pipe import Pipe
from peer.core.errors import system_words

_PATIENCE = 2.0  # seconds for an agent to notice that we hung up


class LocalTransport:
    """The way to a host with `connection: local`."""

    def __init__(self, host: Host, base: Path) -> None:
        self._host = host
        self._base = base  # where its relative paths begin, as a login's begin in the home directory

    def connect(self, deadline: Deadline) -> None:
        """There is nothing to connect to."""

    def open(self, deadline: Deadline) -> Pipe:
        """A new agent. Raises HostError where there is no such Python."""
        ours, theirs = socket.socketpair()
        words = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (lives as long as the pipe)
        command = [os.path.expanduser(self._host.python), "-I", "-X", "utf8", "-c", agentsource.BOOT]
        try:
            # A session of its own: Ctrl-C at the terminal is for us to answer, not for the agents.
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=words,
                cwd=self._base,
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            words.close()
            raise unreachable(f"{command[0]}: {system_words(error)}", "install python3") from None
        finally:
            theirs.close()
        return Pipe(
            ours,
            lambda: _last_words(process, words),
            lambda: _end(process, ours, words),
            lambda: process.poll() is not None,
        )

    def close(self) -> None:
        """There is no connection to close."""


def _last_words(process: subprocess.Popen[bytes], words: BinaryIO) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    words.seek(0)
    lines = words.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"


def _end(process: subprocess.Popen[bytes], ours: socket.socket, words: BinaryIO) -> None:
    with contextlib.suppress(OSError):
        ours.shutdown(socket.SHUT_RDWR)  # wakes a thread of ours that still waits for an answer
    ours.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    words.close()

"""A ProxyCommand of ssh_config as a socket: it ends when the command does, and keeps the command's last words."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile

_LAST_BYTES = 4096


class ProxySocket:
    """One end of a pair; the other end is the command's standard input and output. Paramiko takes it for a socket."""

    def __init__(self, command: str) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the command
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        except BaseException:
            ours.close()
            self._errors.close()
            raise
        finally:
            theirs.close()

    def last_words(self) -> str:
        """Why the command ended: its last line on standard error, else its exit code; "" while it runs."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return ""
        with contextlib.suppress(ValueError):  # closed meanwhile
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LAST_BYTES))
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1].strip()
        return f"exit code {code}"

    def send(self, data: bytes) -> int:
        """As a socket's."""
        return self._socket.send(data)

    def recv(self, size: int) -> bytes:
        """As a socket's."""
        return self._socket.recv(size)

    def settimeout(self, seconds: float | None) -> None:
        """As a socket's."""
        self._socket.settimeout(seconds)

    def fileno(self) -> int:
        """As a socket's."""
        return self._socket.fileno()

    @property
    def _closed(self) -> bool:  # Paramiko asks sockets for it
        return self._socket.fileno() < 0

    def close(self) -> None:
        """End the command."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever reads
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)

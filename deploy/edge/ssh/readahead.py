"""The socket of an SSH connection as Paramiko reads it: what came together is received in one call."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

_BLOCK = 64 * 1024


class ReadAhead:
    """A socket, or what is used like one: a channel of a bastion, a ProxyCommand.

    Paramiko asks for the few bytes of a packet's head, then for the rest, then for its MAC. Each call costs a wait
    for the interpreter, of which hundreds of threads have one. So bytes are received as they come, and kept.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._kept = b""

    def recv(self, size: int) -> bytes:
        """As a socket's."""
        data = self._kept or self._sock.recv(_BLOCK)
        self._kept = data[size:]
        return bytes(data[:size])

    def send(self, data: bytes) -> int:
        """As a socket's."""
        return int(self._sock.send(data))

    def settimeout(self, seconds: float) -> None:
        """As a socket's."""
        self._sock.settimeout(seconds)

    @property
    def _closed(self) -> bool:  # Paramiko asks sockets for it
        return bool(self._sock._closed)

    def close(self) -> None:
        """Close it, and wake whoever reads: Paramiko relies on its reader to look every 0.1 s."""
        if isinstance(self._sock, socket.socket):
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

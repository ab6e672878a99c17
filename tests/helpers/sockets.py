"""Sockets in a test's own hands."""

from __future__ import annotations

import socket
from typing import Tuple

from tests.helpers.waiting import DEADLINE

Sockets = Tuple[socket.socket, socket.socket]


def tcp_pair() -> Sockets:
    """Two ends of one connection over loopback: `socket.socketpair` would give sockets that know no TCP options."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    return near, far


def receive(sock: socket.socket, length: int) -> bytes:
    """So many bytes; fewer at the end of the stream. Raises TimeoutError at the deadline."""
    sock.settimeout(DEADLINE)
    data = b""
    while len(data) < length:
        try:
            part = sock.recv(length - len(data))
        except ConnectionResetError:
            break
        if not part:
            break
        data += part
    return data


def has_ended(sock: socket.socket) -> bool:
    """Whether the other end has closed it; takes a byte that waits."""
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True

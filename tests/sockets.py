"""Two ends of one TCP connection over loopback: `socket.socketpair` would give sockets that know no TCP options."""

from __future__ import annotations

import socket
from typing import Tuple

Sockets = Tuple[socket.socket, socket.socket]


def tcp_pair() -> Sockets:
    """Two connected sockets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    return near, far

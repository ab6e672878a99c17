"""This machine's own address, as others on its network know it."""

from __future__ import annotations

import socket
from typing import Optional

from peer.core.errors import ConfigError

_ANYBODY = "192.0.2.1"  # no machine has it (RFC 5737): it stands for the world outside


def own_address(towards: Optional[str]) -> str:
    """The address that the system would use as its own on the way to another machine; nothing is sent.

    Raises ConfigError if there is no way to it.
    """
    goal = towards or _ANYBODY
    try:
        family, kind, _, _, there = socket.getaddrinfo(goal, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as asked:
            asked.connect(there)
            return str(asked.getsockname()[0])
    except OSError as error:
        problem = f"'self' can't be found out on the way to {goal}: {error.strerror or error}"
        raise ConfigError("--host", problem, "write this machine's address") from None

"""A TCP connection to an sshd, as `ssh` makes it: each address of a name in turn; a family, and our own address."""

from __future__ import annotations

import socket

FAMILIES = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}


def dial(host: str, port: int, seconds: float, family: str = "any", bind: str = "") -> socket.socket:
    """Connected within `seconds` for each address. `family`: a word of AddressFamily; `bind`: ours, or "".

    Raises OSError: that of the last address.
    """
    found = socket.getaddrinfo(host, port, FAMILIES.get(family, socket.AF_UNSPEC), socket.SOCK_STREAM)
    failure = OSError(f"{host} has no address")
    for kind, _, _, _, address in found:
        connection = socket.socket(kind, socket.SOCK_STREAM)
        try:
            connection.settimeout(seconds)
            if bind:
                connection.bind((bind, 0))
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    raise failure

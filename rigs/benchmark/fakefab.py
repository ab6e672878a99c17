"""`fab`, but every host's SSH is a socket of fakehosts.py: python -m rigs.benchmark.fakefab SOCKET ARGUMENTS OF FAB."""

from __future__ import annotations

import contextlib
import resource
import runpy
import socket
import sys
from functools import partial

from deploy.core.inventory import Host
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.pipe import Pipe
from deploy.edge.ssh import transport


class FakeTransport:
    """The way to a host that isn't there."""

    def __init__(self, path: str, host: Host, _routes: object) -> None:
        self._path = path
        self._name = host.name

    def connect(self, deadline: Deadline) -> None:
        """There is nobody to log in with."""

    def open(self, deadline: Deadline) -> Pipe:
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(deadline.left())
        channel.connect(self._path)
        channel.sendall(f"{self._name}\n".encode())

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for an answer
            channel.close()

        return Pipe(channel, lambda: "it hung up", hang_up)

    def close(self) -> None:
        """There is no connection."""


def main(path: str, *arguments: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket is one channel here, not one host
    setattr(transport, "SshTransport", partial(FakeTransport, path))  # noqa: B010 (mypy would take it for a type)
    sys.argv = ["fab", *arguments]
    runpy.run_module("fabric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs agents on this machine, as plain child processes without SSH."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.core.inventory import Host
from deploy.edge.hosts import agentsource
from deploy.edge.hosts.agentprocess import AgentProcess
from deploy.edge.hosts.deadline import Deadline
from deploy.edge.hosts.errors import unreachable
from deploy.edge.hosts.pipe import Pipe
from peer.core.errors import system_words


class LocalTransport:
    """The way to a host with `connection: local`."""

    def __init__(self, host: Host, base: Path) -> None:
        self._host = host
        self._base = base  # where its relative paths begin, as a login's begin in the home directory

    def connect(self, deadline: Deadline) -> None:
        """There is nothing to connect to."""

    def open(self, deadline: Deadline) -> Pipe:
        """A new agent. Raises HostError where there is no such Python."""
        command = [os.path.expanduser(self._host.python), *agentsource.OPTIONS]
        try:
            process = AgentProcess(command, self._base)
        except OSError as error:
            raise unreachable(f"{command[0]}: {system_words(error)}", "install python3") from None
        return process.pipe(process.last_words, process.end)

    def close(self) -> None:
        """There is no connection to close."""

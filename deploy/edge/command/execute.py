"""Runs the tasks of a command line of `weft` by the executor of `fab`, with all that tasks need."""

from __future__ import annotations

from typing import Any

import invoke

from deploy.core.command.astyped import WEFT
from deploy.core.command.parsing import CommandLine
from deploy.edge.command.loginoptions import Logins, logins_of
from deploy.edge.fab.executor import ChainExecutor
from deploy.fabfile import ns


class WeftExecutor(ChainExecutor):
    """The same tasks in the same way; messages speak of `weft`, and no configuration file of Fabric is read."""

    program = WEFT

    def __init__(self, logins: Logins) -> None:
        super().__init__(ns, invoke.Config(lazy=True))
        self._logins = logins

    def fabric_config(self) -> Any:
        """A configuration that says what the command line does."""
        from deploy.edge.ssh.connection import empty_config  # with Fabric and Paramiko

        return empty_config(*self._logins)


def execute(line: CommandLine) -> None:
    """Run the tasks in order. Ends in `invoke.Exit` unless all went well. Raises CommandError."""
    executor = WeftExecutor(logins_of(line.common))
    executor.execute(*[(call.task, call.options) for call in line.calls])

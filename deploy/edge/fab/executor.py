"""Runs a chain of tasks: options of any task hold for all, every error becomes a line and a code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import Any

import invoke

from deploy.core.command.astyped import FAB
from deploy.core.command.optiontable import SHARED
from deploy.core.failures import next_commands
from deploy.core.inventory import Host, Inventory
from deploy.core.options import Call, ChainError, hoist
from deploy.core.ownplace import refused_here
from deploy.edge.fab.chaintask import ChainTask, Hostnames
from deploy.edge.fab.interrupts import orderly
from deploy.edge.fab.inventoryfile import inventory_path
from deploy.edge.fab.openchain import open_chain, open_screen
from deploy.edge.screen.screen import Screen
from deploy.edge.tasks.chain import Chain, Halt
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, WeftError

_SHARED = tuple(option.name for option in SHARED)


class ChainExecutor(invoke.Executor):
    """Fabric finds it through `tasks.executor_class` in fabric.yaml. Parsing is over when `execute` begins."""

    program = FAB  # what messages call the command

    def fabric_config(self) -> Any:
        """Fabric's configuration, by which connections are made; asked for where a host is behind SSH."""
        return self.config

    def execute(self, *tasks: Any) -> dict[Any, Any]:
        """Run the tasks in order. Ends in `invoke.Exit` unless all went well."""
        calls = self.normalize(tasks)
        try:
            self._refuse()
            options = hoist([Call(call.task.name, call.kwargs) for call in calls], _SHARED)
        except WeftError as error:
            raise invoke.Exit(str(error), error.code) from None
        screen = open_screen(options, self.program)
        before = list(takewhile(_needs_no_inventory, calls))  # they need no inventory, and may write it
        self._run(before, screen, options)
        if calls := calls[len(before) :]:
            self._run_chain(calls, screen, options)
        return {}

    def _run_chain(self, calls: list[invoke.Call], screen: Screen, options: Mapping[str, Any]) -> None:
        try:
            made = _made(calls, options, self._hostnames)
            names = [call.task.name for call in calls]
            chain = open_chain(options, names, self.fabric_config, screen, made, self._hostnames)
        except WeftError as error:
            raise invoke.Exit(screen.typed(str(error)), error.code) from None
        with orderly():
            try:
                chain.dry_run = bool(options.get("dry_run"))
                self._run_and_sum_up(calls, chain, options)
            finally:
                chain.fleet.close()
        if chain.code:
            raise invoke.Exit(code=chain.code)

    def _run_and_sum_up(self, calls: list[invoke.Call], chain: Chain, options: Mapping[str, Any]) -> None:
        """Run the tasks; whatever ends them, programs get a summary last."""
        try:
            self._run(calls, chain.screen, options, chain)
        except invoke.Exit as end:
            with contextlib.suppress(BrokenPipeError):
                chain.finish(end.code)
            raise
        chain.finish(chain.code)

    def _run(
        self, calls: list[invoke.Call], screen: Screen, options: Mapping[str, Any], chain: Chain | None = None
    ) -> None:
        """Run these tasks; `chain` is what they share, None for tasks that need no inventory."""
        try:
            for call in calls:
                context = invoke.Context(self.config)
                # Plain attributes; an assignment would become configuration.
                path = inventory_path(options)
                context._set(chain=chain, screen=screen, inventory=path, run_name=str(options.get("run", "")))
                if chain is not None:
                    chain.task = call.task.name
                call.task(context, *call.args, **call.kwargs)
            if chain is not None and chain.dry_run:
                from deploy.edge.tasks.plan import show

                show(chain, chain.planned)
        except BrokenPipeError:  # the reader of our output has left, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would complain of it again
            with contextlib.suppress(BrokenPipeError):
                _tell_of_readers(screen, chain)
            raise invoke.Exit(code=EXIT_FAILED) from None
        except WeftError as error:
            raise invoke.Exit(code=_told(error, screen, chain)) from None
        except OSError as error:  # of our own papers: a host's are HostErrors
            place = str(chain.folder) if chain is not None and chain.run else ""
            screen.errors([": ".join(filter(None, refused_here(error, place)))])
            raise invoke.Exit(code=EXIT_FAILED) from None
        except KeyboardInterrupt:
            told = chain is None or chain.runs_on
            screen.errors(["interrupted" if told else "interrupted; what is done stays done: run it again to go on"])
            raise invoke.Exit(code=EXIT_INTERRUPTED) from None

    def _hostnames(self, hosts: Collection[Host]) -> dict[str, str]:
        """What ssh_config calls these hosts, by their names."""
        from deploy.edge.fab.hostnames import hostnames  # with SSH, which not every task needs

        return hostnames(self.fabric_config(), hosts) if hosts else {}

    def _refuse(self) -> None:
        """What came past the command line's check: from the environment, or after `--`."""
        if self.core and self.core.remainder:
            raise invoke.Exit("`--` runs commands on hosts, which isn't what these tasks are for", EXIT_USAGE)
        if self.config.run.dry:
            raise invoke.Exit("run.dry of Fabric's configuration has no effect here: use --dry-run", EXIT_USAGE)


def _needs_no_inventory(call: invoke.Call) -> bool:
    return isinstance(call.task, ChainTask) and call.task.alone


def _made(calls: list[invoke.Call], options: Mapping[str, Any], hostnames: Hostnames) -> Inventory | None:
    """The inventory that a task makes by itself; None if a file has it. Raises ChainError, and what the task does."""
    for call in calls:
        if isinstance(call.task, ChainTask) and call.task.makes is not None:
            if len(calls) > 1:
                raise ChainError(f"{call.task.form.name} makes an inventory of its own: run it without other tasks")
            return call.task.makes({**call.kwargs, **options}, hostnames)
    return None


def _tell_of_readers(screen: Screen, chain: Chain | None) -> None:
    """The swarm goes on without a reader of our output, and its operator shouldn't think that it has ended."""
    if chain is not None and chain.run and chain.verdict is None:
        screen.errors(["nobody reads the output any more, so this ends here; `fab up` goes on where it was"])


def _told(error: WeftError, screen: Screen, chain: Chain | None) -> int:
    """Tell what ended the tasks; the exit code."""
    screen.errors(str(error).splitlines())
    if chain is None:
        return error.code
    chain.halt = str(error)
    if not isinstance(error, Halt):
        return error.code
    screen.errors([f"  next: {command}" for command in next_commands(chain.inventory, chain.outcomes)])
    return chain.code or EXIT_FAILED

"""Runs a chain of tasks: options of any task hold for all, every error becomes a line and a code."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import invoke

from deploy.core.options import Call, hoist
from deploy.core.summary import next_commands
from deploy.edge.fab.chaintask import SHARED
from deploy.edge.fab.interrupts import orderly
from deploy.edge.fab.openchain import open_chain
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.plan import show
from peer.core.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, WeftError


class ChainExecutor(invoke.Executor):
    """Fabric finds it through `tasks.executor_class` in fabric.yaml. Parsing is over when `execute` begins."""

    def execute(self, *tasks: Any) -> dict[Any, Any]:
        """Run the tasks in order. Ends in `invoke.Exit` unless all went well."""
        calls = self.normalize(tasks)
        try:
            self._refuse()
            named = [Call(call.task.name, call.kwargs) for call in calls]
            options = hoist(named, tuple(SHARED))
            chain = open_chain(options, [call.task.name for call in calls], self.config)
        except WeftError as error:
            raise invoke.Exit(str(error), error.code) from None
        with orderly():
            try:
                chain.dry_run = bool(options.get("dry_run"))
                self._run_and_sum_up(calls, chain)
            finally:
                chain.fleet.close()
        if chain.code:
            raise invoke.Exit(code=chain.code)
        return {}

    def _run_and_sum_up(self, calls: list[invoke.Call], chain: Chain) -> None:
        """Run the tasks; whatever ends them, programs get a summary last."""
        try:
            self._run(calls, chain)
        except invoke.Exit as end:
            with contextlib.suppress(BrokenPipeError):
                chain.finish(end.code)
            raise
        chain.finish(chain.code)

    def _run(self, calls: list[invoke.Call], chain: Chain) -> None:
        try:
            for call in calls:
                chain.task = call.task.name
                context = invoke.Context(self.config)
                context._set(chain=chain)  # a plain attribute; an assignment would become configuration
                call.task(context, *call.args, **call.kwargs)
            if chain.dry_run:
                show(chain, chain.planned)
        except BrokenPipeError:  # the reader of our output has left, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit would complain of it again
            raise invoke.Exit(code=EXIT_FAILED) from None
        except Halt as error:
            chain.screen.errors(str(error).splitlines())
            chain.screen.errors([f"  next: {command}" for command in next_commands(chain.inventory, chain.outcomes)])
            chain.halt = str(error)
            raise invoke.Exit(code=chain.code or EXIT_FAILED) from None
        except WeftError as error:
            chain.screen.errors(str(error).splitlines())
            chain.halt = str(error)
            raise invoke.Exit(code=error.code) from None
        except OSError as error:  # of our own papers: a host's are HostErrors
            where = f"{error.filename}: " if error.filename else ""
            chain.screen.errors([f"{where}{(error.strerror or str(error)).lower()}"])
            raise invoke.Exit(code=EXIT_FAILED) from None
        except KeyboardInterrupt:
            chain.screen.errors(["interrupted"])
            raise invoke.Exit(code=EXIT_INTERRUPTED) from None

    def _refuse(self) -> None:
        """What came past the command line's check: from the environment, or behind `--`."""
        if self.core and self.core.remainder:
            raise invoke.Exit("`--` runs commands on hosts, which isn't what these tasks are for", EXIT_USAGE)
        if self.config.run.dry:
            raise invoke.Exit("run.dry of Fabric's configuration has no effect here: use --dry-run", EXIT_USAGE)

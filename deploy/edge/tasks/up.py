"""The task `up`: deploy, start, watch until done, collect the logs, verify."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.collect_logs import COLLECT_LOGS
from deploy.edge.tasks.deploy import DEPLOY
from deploy.edge.tasks.logs import LOGS
from deploy.edge.tasks.phase import Options, Phase, describe
from deploy.edge.tasks.start import START, start_peers
from deploy.edge.tasks.verify import VERIFY
from deploy.edge.tasks.watch import Watch, tell_the_way_back


def _describe(inventory: Inventory, facts: Facts) -> list[Step]:
    return describe((*START, *LOGS), inventory, facts)


def _start_and_watch(chain: Chain, steps: Steps, options: Options) -> None:
    """Start the peers and follow them from the first on, until all have ended. Raises Halt where a start failed."""
    watch = Watch(chain, hosts_of(steps), options.every, ends_waits=True)
    starter = _Starter(chain, [step for step in steps if step.peer is not None], options.keep_going, watch)
    with chain.screen.watching(lines_are_the_result=False):
        try:
            starter.start()
            watch.run()
        except BaseException as error:
            starter.end()
            if isinstance(error, KeyboardInterrupt) and starter.done:
                tell_the_way_back(chain)
            raise
    starter.end()
    if starter.error is not None:
        raise starter.error
    chain.fail(watch.failures())


class _Starter(threading.Thread):
    """Starts the peers beside the watch, and tells it of each. `done`: they were started, and run."""

    def __init__(self, chain: Chain, steps: Sequence[Step], keep_going: bool, watch: Watch) -> None:
        super().__init__(name="starter", daemon=True)
        self._chain = chain
        self._steps = steps
        self._keep_going = keep_going
        self._watch = watch
        self._cancelled = threading.Event()
        self.error: BaseException | None = None
        self.done = False
        watch.starting = True

    def run(self) -> None:
        """The thread's body."""
        try:
            start_peers(self._chain, self._steps, self._keep_going, self._watch.started, self._cancelled.is_set)
            self.done = True
        except BaseException as error:  # raised again in the main thread
            self.error = error
        finally:
            self._watch.starting = False

    def end(self) -> None:
        """End the starting, which undoes itself if it is cut short."""
        self._cancelled.set()
        if self.ident is not None:  # it was begun
            self.join()


START_AND_WATCH = Phase(_describe, _start_and_watch)  # a swarm may be done before its last peer was started
UP = (*DEPLOY, START_AND_WATCH, *COLLECT_LOGS, *VERIFY)

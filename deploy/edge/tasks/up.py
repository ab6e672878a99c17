"""The task `up`: deploy, start, watch until done, collect, verify."""

from __future__ import annotations

import threading

from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.collect_logs import collect_logs
from deploy.edge.tasks.deploy import deploy
from deploy.edge.tasks.start import start
from deploy.edge.tasks.verify import verify
from deploy.edge.tasks.watch import Watch, tell_the_way_back


def up(chain: Chain, keep_going: bool = False, every: bool = False) -> None:
    """Bring the payload to all chosen hosts and prove it."""
    deploy(chain)
    start_and_watch(chain, keep_going, every)
    collect_logs(chain)
    verify(chain)


def start_and_watch(chain: Chain, keep_going: bool, every: bool) -> None:
    """Start the peers and follow them from the first on, until all have ended. Raises Halt where a start failed."""
    watch = Watch(chain, every, ends_waits=True)
    starter = _Starter(chain, keep_going, watch)
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

    def __init__(self, chain: Chain, keep_going: bool, watch: Watch) -> None:
        super().__init__(name="starter", daemon=True)
        self._desk = chain
        self._keep_going = keep_going
        self._watch = watch
        self.error: BaseException | None = None
        self.done = False
        watch.starting = True

    def run(self) -> None:
        """The thread's body."""
        try:
            start(self._desk, self._keep_going, self._watch.started)
            self.done = True
        except BaseException as error:  # raised again in the main thread
            self.error = error
        finally:
            self._watch.starting = False

    def end(self) -> None:
        """End the starting, which undoes itself if it is cut short."""
        self._desk.cancelled.set()
        if self.ident is not None:  # it was begun
            self.join()

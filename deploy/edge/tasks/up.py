"""The task `up`: deploy, start, watch until done, collect the logs, verify, and turn to the new release."""

from __future__ import annotations

import threading
import time

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.starting import Over
from deploy.core.times import START as STARTING
from deploy.core.times import TRANSFER
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.collect_logs import COLLECT_LOGS
from deploy.edge.tasks.deploy import DEPLOY, bring, reach
from deploy.edge.tasks.logs import FOLLOW
from deploy.edge.tasks.phase import Options, Phase, describe
from deploy.edge.tasks.relaying import relaying
from deploy.edge.tasks.start import START, Starter, lost
from deploy.edge.tasks.takeup import states_of, take_up
from deploy.edge.tasks.turn import TURN
from deploy.edge.tasks.verify import VERIFY
from deploy.edge.tasks.watch import Watch, tell_the_way_back

_TELL_SECONDS = 0.1


def _describe(inventory: Inventory, facts: Facts) -> list[Step]:
    return describe((*START, FOLLOW), inventory, facts)


def _start_and_watch(chain: Chain, steps: Steps, options: Options) -> None:
    """Start the peers and follow them from the first on, until all have ended. Raises Halt where a start failed."""
    watch = Watch(chain, hosts_of(steps), options.every, ends_waits=True)
    peers = [step for step in steps if step.peer is not None and step.peer not in chain.settled]
    absent = (*lost(chain), *chain.inventory.left_out)  # no other command starts a peer of this run
    starter = Starter(chain.fleet, chain.inventory, peers, options.keep_going, watch.put, absent)
    beside = _Beside(starter, watch, bool(chain.settled) and not peers)
    for name in hosts_of(step for step in steps if step.peer in chain.settled):
        watch.open(name)
    begun = time.monotonic()
    with chain.screen.watching(lines_are_the_result=False):
        try:
            with relaying(chain, chain.able(hosts_of(steps)), watch.put):
                beside.start()
                watch.run()
        except BaseException as error:
            beside.end()
            if isinstance(error, KeyboardInterrupt) and beside.error is None:
                tell_the_way_back(chain)
            raise
    beside.end()
    chain.seconds.update({STARTING: beside.seconds, TRANSFER: time.monotonic() - begun - beside.seconds})
    if beside.error is not None:
        raise beside.error
    chain.fail(watch.failures())


class _Beside(threading.Thread):
    """A start that runs beside the watch, and tells it everything. `error`: None once the peers were started.

    `idle`: there is nobody to start.
    """

    def __init__(self, starter: Starter, watch: Watch, idle: bool) -> None:
        super().__init__(name="starter", daemon=True)
        self._starter = starter
        self._watch = watch
        self._idle = idle
        self.seconds = 0.0  # that the start took
        self.error: BaseException | None = KeyboardInterrupt()  # until it has run
        watch.await_start()

    def run(self) -> None:
        """The thread's body."""
        begun = time.monotonic()
        try:
            if not self._idle:
                self._starter.run()
            self.error = None
        except BaseException as error:  # raised again in the main thread
            self.error = error
        finally:
            self.seconds = time.monotonic() - begun
            self._watch.put(Over())

    def end(self) -> None:
        """End the start, which undoes itself if it is cut short, and show what it tells until then."""
        self._starter.cancelled = True
        while self.is_alive():
            self._watch.tell_rest(_TELL_SECONDS)
        self._watch.tell_rest()


def _deploy(chain: Chain, steps: Steps, _: Options) -> None:
    """Deploy, unless this very swarm runs already: then its run is taken up. Raises Halt."""
    reach(chain, steps)
    states = states_of(chain, steps)
    if not take_up(chain, states):
        bring(chain, steps, states)


START_AND_WATCH = Phase(_describe, _start_and_watch)  # a swarm may be done before its last peer was started
DEPLOY_OR_TAKE_UP = tuple(Phase(phase.describe, _deploy) for phase in DEPLOY)
UP = (*DEPLOY_OR_TAKE_UP, START_AND_WATCH, *COLLECT_LOGS, *VERIFY, *TURN)

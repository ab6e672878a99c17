"""What all tasks of one chain share: the inventory, the fleet, the screen, the run, and what went wrong so far."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from deploy.agent.verbs import Release, Spot, State, SwarmFolder
from deploy.core.inventory import Inventory, fold
from deploy.core.plan import Facts, Step, facts_of
from deploy.core.relays import Carried
from deploy.core.summary import Results, summary_fields
from deploy.core.times import Times
from deploy.core.verdict import SKIPPED, UNREACHABLE, Outcome, Verdict, error_lines, exit_code
from deploy.core.working import Pace, Work, sum_up, work_fields
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.fleet import Fleet, Look
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.bundle import Parcel
from deploy.edge.pushed.uploads import upload_size, upload_spot
from deploy.edge.screen.screen import Screen
from peer.core.errors import ConfigError, WeftError
from peer.core.mark import Mark
from peer.core.trace import Trace

T = TypeVar("T")
RUNS = "runs"
_TELL_SECONDS = 1.0  # between two objects about what is going on
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Halt(WeftError):
    """The chain can't go on; the text says why, "" where that has been told. It ends with 1 at least."""


class Chain:
    """One chain's state. `down` holds the hosts that dropped out: later tasks of the chain leave them alone."""

    def __init__(
        self,
        inventory: Inventory,
        fleet: Fleet,
        screen: Screen,
        base: Path,
        run: str,
        helpers: frozenset[str] = frozenset(),
    ) -> None:
        if run:
            check_run_name(run)
        self.inventory = inventory
        self.fleet = fleet
        self.screen = screen
        self.base = base  # the inventory's folder, where its relative paths begin
        self.task = ""
        self.run = run
        self.outcomes: list[Outcome] = []
        self.down: dict[str, Outcome] = {}
        self.helpers = helpers  # hosts that weren't asked for, and take part because they have the payload
        self.dry_run = False  # tasks note their steps in `planned`, and do nothing
        self.planned: list[Step] = []
        self.verdict: Verdict | None = None  # that of the last `verify`
        self.last_traces: Mapping[int, Trace] = {}  # made of the last statuses, for peers whose own weren't fetched
        self.carried: Carried | None = None  # what this machine relayed
        self.slow: tuple[str, ...] = ()  # lines about slow hosts, as `verify` found them
        self.pushed: dict[str, Sequence[Parcel]] = {}  # by host: what this chain has pushed there for all alike
        self.release: Release | None = None  # the one that this run brings
        self.settled: frozenset[int] = frozenset()  # peers of a run that was taken up, which need no start
        self.runs_on = False  # the swarm was left running, and how to come back to it has been told
        self.halt = ""  # why the chain couldn't go on
        self.times = Times()
        self.seconds: dict[str, float] = {}  # of the phases so far
        self._doing = ""
        self._begun = time.monotonic()

    @cached_property
    def facts(self) -> Facts:
        """What is known of the payload here."""
        is_tree = self.upload is not None and os.path.isdir(self.upload.path)
        return facts_of(self.inventory, upload_size(self.upload), is_tree)

    @cached_property
    def upload(self) -> Spot | None:
        """What is to be uploaded from here; None where nothing is."""
        return upload_spot(self.base, self.inventory.swarm.payload)

    def able(self, names: Iterable[str]) -> list[str]:
        """Those of these hosts that haven't dropped out."""
        return [name for name in names if name not in self.down]

    @property
    def folder(self) -> Path:
        """Where this run's papers lie."""
        return Path(RUNS) / self.run

    @property
    def code(self) -> int:
        """The exit code as things stand."""
        return exit_code(self.outcomes) or (self.verdict.code if self.verdict else 0)

    def conclude(self, verdict: Verdict) -> None:
        """From now on this verdict makes the exit code, where nothing else went wrong."""
        self.verdict = verdict

    def ask(
        self,
        work: Callable[[HostLink], T],
        names: Iterable[str],
        drop: bool = False,
    ) -> dict[str, T]:
        """`work` on these hosts simultaneously, but for those that dropped out; the values of those where it went well.

        Errors are told. Hosts that can't be reached drop out, with `drop` those that failed as well.
        """
        good, bad = self.try_on(work, self.able(names))
        self.fail([error.outcome(name) for name, error in bad.items()], drop)
        return good

    def try_on(self, work: Callable[[HostLink], T], hosts: list[str]) -> tuple[dict[str, T], dict[str, HostError]]:
        """The same of exactly these hosts, and the errors of the others, which aren't told."""
        with self.showing(len(hosts)) as look:
            return self.fleet.each(hosts, work, look)

    @contextlib.contextmanager
    def showing(self, hosts: int) -> Iterator[Look]:
        """While the body works on so many hosts, show how far it is whenever it calls the given function."""
        begun, pace, told = time.monotonic(), Pace(), 0.0

        def look(waiting: Sequence[str], marks: Mapping[str, Mark]) -> None:
            nonlocal told
            seconds = time.monotonic() - begun
            rate = pace.rate(sum_up(waiting, marks), seconds)
            work = Work(self._doing or f"{self.task}: asking", waiting, hosts, seconds, marks, rate)
            show(work)
            fields = work_fields(work)
            if fields and seconds - told >= _TELL_SECONDS:
                told = seconds
                self.record("progress", **fields)

        with self.screen.busy() as show:
            yield look

    def fail(self, outcomes: Iterable[Outcome], drop: bool = False) -> None:
        """Note and tell what went wrong; people aren't told the same twice."""
        outcomes = list(outcomes)
        new = [outcome for outcome in outcomes if outcome not in self.outcomes]
        self.outcomes += new
        self.screen.errors(error_lines([outcome for outcome in new if outcome.state != SKIPPED]))
        for outcome in outcomes:
            self.record("outcome", **outcome._asdict())
            if outcome.state == UNREACHABLE or drop:
                self.down.setdefault(outcome.host, outcome)

    @contextlib.contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """While the body asks hosts, say live what is done, on which of them, and for how long."""
        before, self._doing = self._doing, what
        try:
            yield
        finally:
            self._doing = before

    @contextlib.contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        """What the body takes is the user's time in that phase."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.monotonic() - begun

    def measured(self, **fields: Any) -> Times:
        """The user's time until now; `fields`: what else is known of the times."""
        return self.times._replace(total=time.monotonic() - self._begun, phases=dict(self.seconds), **fields)

    def results(self, code: int) -> Results:
        """What the chain has come to."""
        return Results(self.run, code, self.outcomes, self.verdict, self.measured(), self.slow, self.halt, self.carried)

    def finish(self, code: int) -> None:
        """The last object of `--json`: the summary of all tasks."""
        self.record("summary", **summary_fields(self.inventory, self.results(code)))

    def record(self, event: str, **fields: Any) -> None:
        """One object of `--json`, with its kind and the task's name in it."""
        self.screen.record({"event": event, "task": self.task, **fields})

    def transcribe(self, line: str) -> None:
        """Note a line in the run's transcript alone."""
        self.screen.transcript.write(line)

    def begin_run(self, run: str) -> None:
        """From now on everything belongs to this run."""
        self.run = run
        self.screen.transcript.open(self.folder)

    def find_run(self, hosts: Iterable[str]) -> dict[str, SwarmFolder]:
        """Ask these hosts which run they hold, and take up the one most of them do; their answers. Raises Halt."""
        states = self.ask(_deployed_state, hosts)
        self.take_run({name: state.run for name, state in states.items()})
        return states

    def take_run(self, runs: Mapping[str, str]) -> None:
        """Take up the run that most of these hosts hold. Raises Halt where there is none."""
        if not runs:
            raise Halt("")  # each host's error has been told
        if not any(runs.values()):
            raise Halt(f"{fold(runs)}: what was begun there has no run yet; `fab up` completes it")
        run = self.run or Counter(filter(None, runs.values())).most_common(1)[0][0]
        strangers = [name for name, held in runs.items() if held != run]
        if strangers:
            self.screen.note(f"{fold(strangers)}: holds another run than {run}; `fab deploy` brings it up to date")
        self.begin_run(run)


def check_run_name(run: str, word: str = "--run") -> None:
    """Raises ConfigError unless it can be the name of a folder, and nothing else. `word`: what names it."""
    if not _RUN_NAME.fullmatch(run):
        raise ConfigError(word, f"'{run}' isn't a run's name", "use letters, digits, '.', '_' and '-'")


def peer_ids(inventory: Inventory, host: str) -> tuple[int, ...]:
    """The IDs of the chosen peers on a host."""
    return tuple(peer.peer_id for peer in inventory.peers_on(host))


def _deployed_state(link: HostLink) -> SwarmFolder:
    state = link.ask(State())
    if not state.deployed:
        raise HostError("this swarm isn't deployed there", "run `fab deploy` first")
    return state

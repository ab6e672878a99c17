"""What tasks are made of: phases, each of which describes its steps and runs them; and the walk that does both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, format_steps
from deploy.core.verdict import Verdict
from deploy.edge.screen.picture import picture
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.web import live_page


class Options(NamedTuple):
    """The options that are some tasks' own."""

    keep_going: bool = False  # start the others even if a peer can't be started
    every: bool = False  # show the frequent kinds of event lines too
    table: bool = False  # the table of all copies, however many hosts there are
    partial: bool = False  # turn to a release where it can be done, if not everywhere
    svg: str = ""  # write a picture of the console to this file
    yes: bool = False  # nobody is asked
    web: bool = False  # serve the page of the run meanwhile


class Phase(NamedTuple):
    """A part of a task. `run` works on the hosts and peers that its steps name, and on no others.

    It gives a verdict where it comes to one.
    """

    describe: Callable[[Inventory, Facts], Iterable[Step]]
    run: Callable[[Chain, Steps, Options], Verdict | None]


NO_OPTIONS = Options()


def describe(phases: Sequence[Phase], inventory: Inventory, facts: Facts) -> list[Step]:
    """The steps of all phases, in the order of doing. Only selected hosts have steps."""
    return [step for phase in phases for step in phase.describe(inventory, facts)]


def walk(chain: Chain, phases: Sequence[Phase], options: Options = NO_OPTIONS) -> None:
    """Run the phases in order, each on its steps; the run's transcript gets every step's line as the plan shows it.

    Hosts that have dropped out are left out. With `--dry-run` the steps are noted, and nothing is run. Raises Halt.
    """
    parts = [describe([phase], chain.inventory, chain.facts) for phase in phases]
    steps = [step for part in parts for step in part]
    if chain.dry_run:
        chain.planned += steps
        return
    lines = iter(format_steps(steps))
    with picture(chain.screen, options.svg, f"fab {chain.task}"), live_page(chain, options.web):
        for phase, part in zip(phases, parts):
            for step in part:
                chain.transcribe(next(lines) + (" (left out)" if step.host in chain.down else ""))
            verdict = phase.run(chain, [step for step in part if step.host not in chain.down], options)
            if verdict is not None:
                chain.conclude(verdict)

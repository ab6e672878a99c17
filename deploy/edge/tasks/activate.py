"""The tasks `activate` and `rollback`: turn `current` to a release that is there, without a transfer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.core.inventory import Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.releasechoice import UnnamedError, name_before
from deploy.edge.tasks.chain import Chain, Halt, check_run_name
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.releasename import look
from deploy.edge.tasks.turn import turn, turn_steps

NO_RELEASES = "no chosen host keeps releases; the inventory says which do: destination: {releases: /srv/app, keep: 3}"


def activating(names: Sequence[str]) -> Sequence[Phase]:
    """The phases of `activate` for the release that was named. Raises UnnamedError, ConfigError."""
    if len(names) != 1:
        raise UnnamedError("activate: which release? `fab releases` shows what is where: fab activate RUN")
    name = names[0]
    check_run_name(name, "activate")

    def run(chain: Chain, steps: Steps, options: Options) -> None:
        _activate(chain, steps, name, options)

    return (Phase(lambda inventory, _: _described(inventory, name), run),)


def _described(inventory: Inventory, name: str) -> Iterator[Step]:
    return turn_steps(inventory, name)


def _activate(chain: Chain, steps: Steps, name: str, options: Options) -> None:
    hosts = hosts_of(steps)
    if not hosts:
        raise Halt(NO_RELEASES)
    turn(chain, hosts, name, options.partial)


def _describe_rollback(inventory: Inventory, _: Facts) -> Iterator[Step]:
    return turn_steps(inventory, "the one before")


def _rollback(chain: Chain, steps: Steps, options: Options) -> None:
    hosts = hosts_of(steps)
    if not hosts:
        raise Halt(NO_RELEASES)
    kept = chain.ask(look, hosts)
    if len(kept) < len(hosts) and not options.partial:
        raise Halt("`current` stays as it was on every host; leave out hosts that can't be asked with --limit")
    if not kept:
        raise Halt("")
    _activate(chain, [step for step in steps if step.host in kept], name_before(kept), options)


ROLLBACK = (Phase(_describe_rollback, _rollback),)

"""Turns `current` to a release on many hosts: on all of them within moments, or on none; then removes the oldest."""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection, Iterable, Iterator, Sequence

from deploy.agent.verbs import Kept, Prune, Ready, Turn, Unready
from deploy.core.batches import size_of
from deploy.core.inventory import Inventory, fold
from deploy.core.placement import A_RELEASE
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.releasechoice import mixed_line, stayed_line
from deploy.core.times import TURN as TURNING
from deploy.core.verdict import FAILED, Outcome, Verdict, amended
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.releasename import look, root_of
from deploy.edge.tasks.summary import keep_summary
from deploy.edge.tasks.then import run_commands
from peer.core.counting import count_of, seconds_of
from peer.core.releaselist import CURRENT, release_folder

PHASE = "activate"


def turn_steps(inventory: Inventory, name: str, when: str = "") -> Iterator[Step]:
    """A step for each chosen host that keeps releases, of a peer that brings one."""
    names = {peer.host for peer in inventory.chosen_peers if inventory.has_releases(peer)}
    for host in (host for host in inventory.chosen_hosts if host.name in names):
        assert host.releases is not None
        link = f"{host.releases.root.rstrip('/')}/{CURRENT}"
        keep = f"; keep {host.releases.keep} of them"
        yield Step(PHASE, host.name, None, f"turn {link} to {release_folder('', name)}{when}{keep}")
    yield from _command_steps(inventory, [host.name for host in inventory.chosen_hosts if host.name in names])


def _command_steps(inventory: Inventory, hosts: Sequence[str]) -> Iterator[Step]:
    then = inventory.swarm.then
    if then is None:
        return
    batch = f"{size_of(then.batch, len(hosts))} of {count_of(len(hosts), 'host')}"
    for host in hosts:
        for command in then.commands:
            yield Step(PHASE, host, None, f"run {shlex.join(command)}, on {batch} at a time")


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    return turn_steps(inventory, A_RELEASE, " once every host has proved its copy")


def _turn_to_proved(chain: Chain, steps: Steps, options: Options) -> Verdict | None:
    """What `up` does at last: turn where the verdict allows it; the verdict with what went wrong here."""
    hosts = [name for name in hosts_of(steps) if name not in chain.helpers]
    verdict, before = chain.verdict, len(chain.outcomes)
    if not hosts or verdict is None:
        return None
    _turn_by(verdict, chain, hosts, options)
    wrong = chain.outcomes[before:]
    if not wrong:
        return None
    verdict = amended(chain.inventory, verdict, wrong)
    keep_summary(chain, verdict)
    return verdict


def _turn_by(verdict: Verdict, chain: Chain, hosts: Sequence[str], options: Options) -> None:
    bad = {row.host for row in verdict.rows if not row.good}
    good = [name for name in hosts if name not in bad]
    if not good or (verdict.code and not options.partial):
        chain.screen.errors(["`current` stays as it was on every host, because not every copy is proved"])
        return
    kept = chain.ask(look, good)
    held = {name: one.held for name, one in kept.items()}
    if len(set(held.values())) == 1 and (len(held) == len(good) or options.partial):
        told = [host for host, one in kept.items() if _is_told(one)]
        turn(chain, list(held), held.popitem()[1], options.partial, told)
    elif len(held) == len(good):
        said = ", ".join(f"{name} on {fold(one for one in held if held[one] == name)}" for name in set(held.values()))
        chain.fail([Outcome(good[0], FAILED, f"the hosts hold different releases: {said}", "run `fab up` again")])


def _is_told(kept: Kept) -> bool:
    """Whether the release that is brought was current already, and all commands went well then."""
    return kept.held == kept.current and any(one.told for one in kept.releases if one.name == kept.current)


def turn(chain: Chain, hosts: Sequence[str], name: str, partial: bool, told: Collection[str] = ()) -> None:
    """Make a release the current one on these hosts; with `partial`, where it can be done.

    The commands that follow aren't run on the hosts that were `told` already.
    """
    with chain.timing(TURNING):
        turned = _in_two_steps(chain, hosts, name, partial)
    for host in turned:
        chain.record("host", host=host, state="ok", release=name)
    if run_commands(chain, [host for host in turned if host not in told], name) and len(turned) == len(hosts):
        prune(chain, hosts)


def _in_two_steps(chain: Chain, hosts: Sequence[str], name: str, partial: bool) -> list[str]:
    """The hosts where the release is current now."""
    with chain.doing(f"looking at release {name}"):
        ready = chain.ask(lambda link: link.ask(Ready(*_wanted(link, chain, name)), WORK_SECONDS), hosts)
    late = [host for host in hosts if host not in ready]
    if not ready or (late and not partial):
        chain.try_on(lambda link: link.ask(Unready()), chain.able(ready))
        chain.screen.errors([stayed_line(name, late)])
        return []
    if not chain.run:
        chain.begin_run(name)
    begun = time.monotonic()
    turned, lost = _second_step(chain, list(ready), name)
    if lost:
        again, lost = _second_step(chain, list(lost), name)
        turned = [*turned, *again]
    chain.fail([error.outcome(host) for host, error in lost.items()])
    seconds = time.monotonic() - begun
    if lost:
        chain.screen.errors([mixed_line(name, turned, list(lost))])
    else:
        chain.screen.say(f"`current` is release {name} on {fold(turned)}, turned in {seconds_of(seconds)}", not late)
    return turned


def _second_step(chain: Chain, hosts: list[str], name: str) -> tuple[list[str], dict[str, HostError]]:
    """The hosts that are turned, and the errors of the others."""
    good, bad = chain.try_on(lambda link: link.ask(Turn(*_wanted(link, chain, name))), hosts)
    return list(good), bad


def _wanted(link: HostLink, chain: Chain, name: str) -> tuple[str, str, str]:
    return root_of(link), name, link.host.aside(chain.run)


def prune(chain: Chain, hosts: Iterable[str]) -> None:
    """Remove the oldest releases of each host."""
    with chain.doing("removing old releases"):
        answers = chain.ask(_prune, hosts)
    for host, (gone, foreign) in answers.items():
        chain.record("host", host=host, state="ok", removed=list(gone))
        if foreign:
            stay = ", ".join(foreign[:5])
            chain.screen.note(f"{host}: of the releases that went, these aren't Weft's and stay: {stay}")
    every = sorted({name for gone, _ in answers.values() for name in gone})
    if every:
        chain.screen.note(f"removed old releases: {', '.join(every)}")


def _prune(link: HostLink) -> tuple[Sequence[str], Sequence[str]]:
    assert link.host.releases is not None
    answer = link.ask(Prune(root_of(link), link.host.releases.keep), WORK_SECONDS)
    return answer.gone, answer.foreign


TURN = (Phase(_describe, _turn_to_proved),)

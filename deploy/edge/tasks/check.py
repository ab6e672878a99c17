"""The task `check`: can every host do its part? Login, Python, folder, disk, ports, clock, and who reaches whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from deploy.agent import verbs
from deploy.core import checkup, spots
from deploy.core.checkup import Missed, Target, is_unknown
from deploy.core.inventory import Host, Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.reach import Reach
from deploy.core.verdict import Outcome
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.uploads import check_upload
from deploy.edge.tasks import preflight
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.preflight import Look
from peer.core.counting import count_of
from peer.core.sizes import format_size

_DIAL_SECONDS = 4.0
_DIALLING_SECONDS = _DIAL_SECONDS * (1 + checkup.MOST_DIALS // 8) + 20


def _describe(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    room = "room for the payload" if facts.size is None else f"room for {format_size(facts.size)}"
    for host in inventory.chosen_hosts:
        ports = ", ".join(map(str, checkup.ports_on(inventory, host.name)))
        way = "" if host.local else f"log in{' by openssh' * host.by_openssh}{_through(host)}; "
        what = f"{way}{host.python}, {room} in {host.workdir}, clock, port {ports} free"
        yield Step("check", host.name, None, what)
    for host in inventory.chosen_hosts:
        yield Step("check", host.name, None, "reach the other hosts' peer ports")


def _through(host: Host) -> str:
    return f" through {', '.join(str(jump) for jump in host.jump)}" if host.jump else ""


def _check(chain: Chain, steps: Steps, _: Options) -> None:
    """Ask every chosen host, in parallel; one table, and an error line for whatever would fail later."""
    inventory, hosts = chain.inventory, chain.inventory.chosen_hosts
    looks = preflight.look(chain, hosts_of(steps))
    size, room = preflight.size_of(chain, looks), preflight.room_of(chain, looks)
    facts = {name: _facts(one) for name, one in looks.items()}
    problems = {name: _problems(inventory, name, one, size, room) for name, one in looks.items()}
    reach = _reach(chain, [name for name in facts if not problems[name]])
    seeds = {peer.host for peer in inventory.seeds}
    for name, found in _obstacles(reach, seeds).items():
        problems[name] += found
    chain.fail(outcome for found in problems.values() for outcome in found)
    rows = [checkup.row(host, facts.get(host.name), reach.reached(host.name)) for host in hosts]
    ready = [host.name in facts and not problems[host.name] for host in hosts]
    chain.screen.table(checkup.HEADINGS, rows, ready)
    for name, one in facts.items():
        chain.record("host", host=name, state="failed" if problems[name] else "ok", **one)
    for line in reach.lines(seeds):
        chain.screen.say(line, None)
    preflight.tell(chain, looks)
    check_upload(chain.upload)
    verb = "is" if len(rows) == 1 else "are"
    chain.screen.say(f"{sum(ready)} of {count_of(len(rows), 'host')} {verb} ready", good=all(ready))


def _facts(one: Look) -> dict[str, Any]:
    """A look as the table and `--json` have it; the room is that of the places where the copies will lie."""
    facts = {**one.machine._asdict(), "skew": one.skew}
    del facts["clock"]
    return {**facts, "free": spots.least_free(one.spots) if one.spots else facts["free"]}


def _problems(inventory: Inventory, name: str, one: Look, size: int | None, room: int | None) -> list[Outcome]:
    others = [spot for spot in one.spots if not (spot.problem and spot.problem == one.machine.writable)]  # told once
    places = spots.spot_problems(inventory, name, others, room) + spots.obstacles(inventory, name, others, size)
    return checkup.problems(inventory, name, _facts(one)) + places


def _obstacles(reach: Reach, seeds: Collection[str]) -> Mapping[str, list[Outcome]]:
    """What of it is an error: a name that the others don't know, and ports of hosts that the payload can't come to."""
    stranded = set(reach.stranded(seeds))
    missed = [
        one
        for one in reach.missed
        if stranded.intersection((reach.host_of(one), one.dialler)) or is_unknown(one.reason)
    ]
    return checkup.unreached(reach.targets, missed)


def _reach(chain: Chain, names: Sequence[str]) -> Reach:
    """Who reaches whose peer ports: a firewall may let peers start but not connect."""
    chain.ask(lambda link: link.ask(verbs.Listen(tuple(checkup.ports_on(chain.inventory, link.name)))), names)
    targets = {name: checkup.targets(chain.inventory, names, name) for name in names}
    answers = chain.ask(lambda link: _dial(link, targets[link.name]), names)
    chain.ask(lambda link: link.ask(verbs.Unlisten()), names)
    missed = [Missed(name, *problem) for name, answer in answers.items() for problem in answer.problems]
    dialled = {name: targets[name] for name in names if name in answers}
    return Reach(dialled, missed, [name for name in names if chain.inventory.host(name).relay])


def _dial(link: HostLink, targets: Sequence[Target]) -> verbs.Dialled:
    addresses = tuple(verbs.Target(target.address, target.port) for target in targets)
    return link.ask(verbs.Dial(addresses, within=_DIAL_SECONDS), _DIALLING_SECONDS)


CHECK = (Phase(_describe, _check),)

"""The task `check`: can every host do its part? Login, Python, folder, disk, ports, clock, and who reaches whom."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.core.inventory import Host, Inventory
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.verdict import FAILED, Outcome
from deploy.edge.hosts.host import Link
from deploy.edge.tasks.chain import Chain
from deploy.edge.tasks.deploy import NO_TLS_REMEDY
from deploy.edge.tasks.phase import Options, Phase
from peer.core.listing import listed
from peer.core.sizes import format_size

MOST_SKEW = 5.0  # seconds; beyond that the times in the logs of two hosts can't be compared
MOST_DIALS = 24  # other hosts that a host dials: with more hosts, the next ones in a ring
DIAL_SECONDS = 4.0
_HEADINGS = ("host", "login", "python", "folder", "free", "ports", "clock", "reached by")

HostFacts = dict[str, Any]


def _describe(inventory: Inventory, facts: Facts) -> Iterator[Step]:
    room = "room for the payload" if facts.size is None else f"room for {format_size(facts.size)}"
    for host in inventory.chosen_hosts:
        ports = ", ".join(map(str, _ports(inventory, host.name)))
        way = "" if host.local else f"log in{_through(host)}; "
        what = f"{way}{host.python}, {room} in {host.workdir}, clock, port {ports} free"
        yield Step("check", host.name, None, what)
    for host in inventory.chosen_hosts:
        yield Step("check", host.name, None, "reach the other hosts' peer ports")


def _through(host: Host) -> str:
    return f" through {', '.join(str(jump) for jump in host.jump)}" if host.jump else ""


def _check(chain: Chain, steps: Steps, _: Options) -> None:
    """Ask every chosen host, in parallel; one table, and an error line for whatever would fail later."""
    facts = chain.ask(lambda link: _ask(chain, link), hosts_of(steps))
    need = chain.facts.size
    problems = {name: _problems(chain, name, one, need) for name, one in facts.items()}
    unreached = _reach(chain, [name for name in facts if not problems[name]])
    for name, targets in unreached.items():
        problems[name] += targets
    chain.fail(outcome for found in problems.values() for outcome in found)
    rows = [_row(host, facts.get(host.name), problems.get(host.name, [])) for host in chain.inventory.chosen_hosts]
    chain.screen.table(
        _HEADINGS, rows, [host.name in facts and not problems[host.name] for host in chain.inventory.chosen_hosts]
    )
    for name, one in facts.items():
        chain.record(host=name, state="failed" if problems[name] else "ok", **one)
    good = sum(1 for name in facts if not problems[name])
    chain.screen.say(f"{good} of {len(rows)} hosts are ready", good=good == len(rows))


def _ask(chain: Chain, link: Link) -> HostFacts:
    ports = [[peer.peer_id, peer.port] for peer in chain.inventory.peers_on(link.name)]
    link.connect()  # a login that takes its time is no wrong clock
    before = time.time()
    facts = link.call("facts", ports=ports)
    facts["skew"] = facts.pop("clock") - (before + time.time()) / 2
    return facts


def _problems(chain: Chain, name: str, facts: HostFacts, need: int | None) -> list[Outcome]:
    """What would go wrong on one host."""
    found: list[tuple[str, str]] = []
    if facts["writable"]:
        found.append((f"its folder can't be written: {facts['writable']}", "name another `workdir`"))
    if chain.inventory.tls and facts["tls"]:
        found.append((f"its python3 can't speak TLS: {facts['tls']}", NO_TLS_REMEDY))
    copies = sum(not peer.seed for peer in chain.inventory.peers_on(name))
    if need is not None and facts["free"] is not None and facts["free"] < need * copies:
        problem = f"{format_size(facts['free'])} free where {format_size(need * copies)} are needed"
        found.append((problem, "make room, or name another `workdir`"))
    for port, reason in facts["ports"].items():
        if reason not in ("", "ours"):
            found.append((f"port {port}: {reason}", "free it, or give the peer another `port`"))
    if abs(facts["skew"]) > MOST_SKEW:
        found.append((f"its clock is {facts['skew']:+.0f} s off", "set it, or the logs' times can't be compared"))
    if facts["ends_sessions"] and not chain.inventory.host(name).local:
        problem = "systemd ends your processes there when you log out (KillUserProcesses=yes), and so the peers"
        found.append((problem, f"loginctl enable-linger {facts['user']}"))
    return [Outcome(name, FAILED, problem, remedy) for problem, remedy in found]


def _reach(chain: Chain, names: Sequence[str]) -> Mapping[str, list[Outcome]]:
    """Whose peer ports can't be reached from some other host: the fire wall that lets a swarm start and starve."""
    found: dict[str, list[Outcome]] = {name: [] for name in names}
    chain.ask(lambda link: link.call("listen", ports=_ports(chain.inventory, link.name)), names)
    targets = {name: _targets(chain, names, name) for name in names}
    slack = DIAL_SECONDS * (1 + MOST_DIALS // 8) + 20
    answers = chain.ask(
        lambda link: link.call("dial", slack, targets=[[h, p] for h, p, _ in targets[link.name]], within=DIAL_SECONDS),
        names,
    )
    chain.ask(lambda link: link.call("unlisten"), names)
    owners = {(host, port): name for rows in targets.values() for host, port, name in rows}
    missed: dict[tuple[str, int, str], list[str]] = {}
    for dialler, answer in answers.items():
        for host, port, reason in answer["problems"]:
            missed.setdefault((host, port, reason), []).append(dialler)
    for (host, port, reason), diallers in missed.items():
        problem = f"{host} port {port} can't be reached from {listed(diallers, 3)} ({reason})"
        found[owners[host, port]].append(Outcome(owners[host, port], FAILED, problem, "open it in the fire wall"))
    return found


def _targets(chain: Chain, names: Sequence[str], name: str) -> list[tuple[str, int, str]]:
    """Address, port and host of the peers that `name` shall dial: those of the next hosts in the ring."""
    place = list(names).index(name)
    others = [chain.inventory.host(other) for other in [*names[place + 1 :], *names[:place]][:MOST_DIALS]]
    return [(other.peer_address, port, other.name) for other in others for port in _ports(chain.inventory, other.name)]


def _ports(inventory: Inventory, name: str) -> list[int]:
    return [peer.port for peer in inventory.peers_on(name)]


def _row(host: Host, facts: HostFacts | None, problems: Sequence[Outcome]) -> list[str]:
    if facts is None:
        return [host.name, "no", *["-"] * (len(_HEADINGS) - 2)]
    ports = " ".join(f"{port} {reason or 'free'}" for port, reason in facts["ports"].items())
    reached = not any("can't be reached" in outcome.problem for outcome in problems)
    return [
        host.name,
        "here" if host.local else facts["user"],
        facts["python"],
        "can't be written" if facts["writable"] else facts["home"],
        "?" if facts["free"] is None else format_size(facts["free"]),
        ports,
        f"{facts['skew']:+.1f} s",
        "all" if reached else "not all",
    ]


CHECK = (Phase(_describe, _check),)

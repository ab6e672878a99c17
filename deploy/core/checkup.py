"""The decisions of `check`: which host dials which, what would fail on a host, and the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deploy.core.inventory import Host, Inventory
from deploy.core.spots import clock_problems
from deploy.core.verdict import FAILED, Outcome
from peer.core.listing import listed
from peer.core.sizes import format_size

MOST_DIALS = 24  # other hosts that a host dials: with more hosts, the next ones in a ring
HEADINGS = ("host", "login", "python", "folder", "free", "ports", "clock", "reached by")
NO_TLS_REMEDY = "name another interpreter with `python:`, or write `tls: false`"
NARROW_REMEDY = "lower the MTU of their interfaces to the way's, or let its ICMP messages pass"
_MOST_NAMED = 3  # hosts from which a port can't be reached

HostFacts = Mapping[str, Any]  # an agent's answer to `facts`, with `skew`: seconds by which its clock is ahead of ours


class Target(NamedTuple):
    """A peer's port as other hosts see it."""

    address: str
    port: int
    host: str


class Missed(NamedTuple):
    """A target that `dialler`, a host, couldn't reach; `narrow`: by packets of full size alone."""

    dialler: str
    address: str
    port: int
    reason: str
    narrow: bool = False


def ports_on(inventory: Inventory, name: str) -> list[int]:
    """The ports of a host's peers."""
    return [peer.port for peer in inventory.peers_on(name)]


def targets(inventory: Inventory, names: Sequence[str], name: str) -> list[Target]:
    """The ports that the host `name`, one of `names`, is to dial: those of the next hosts in the ring.

    Nobody dials from or to a host that is relayed: this machine carries its connections.
    """
    if inventory.host(name).relay:
        return []
    place = list(names).index(name)
    ring = [inventory.host(other) for other in [*names[place + 1 :], *names[:place]]]
    others = [other for other in ring if not other.relay][:MOST_DIALS]
    return [
        Target(other.peer_address, port, other.name) for other in others for port in ports_on(inventory, other.name)
    ]


def problems(inventory: Inventory, name: str, facts: HostFacts) -> list[Outcome]:
    """The errors to expect on one host, whatever the payload is."""
    found: list[tuple[str, str]] = []
    if facts["writable"]:
        found.append((f"its folder can't be written: {facts['writable']}", "name another `workdir`"))
    if inventory.tls and facts["tls"]:
        found.append((f"its python3 can't speak TLS: {facts['tls']}", NO_TLS_REMEDY))
    for port, reason in facts["ports"].items():
        if reason not in ("", "ours"):
            found.append((f"port {port}: {reason}", "free it, or give the peer another `port`"))
    if facts["ends_sessions"] and not inventory.host(name).local:
        problem = "systemd ends your processes there when you log out (KillUserProcesses=yes), and so the peers"
        found.append((problem, f"loginctl enable-linger {facts['user']}"))
    clock = clock_problems(name, facts["skew"], inventory.tls)
    return [Outcome(name, FAILED, problem, remedy) for problem, remedy in found] + clock


def unreached(dialled: Sequence[Target], missed: Sequence[Missed]) -> dict[str, list[Outcome]]:
    """By host: its ports that another host can't reach, one error for each reason."""
    owners = {(target.address, target.port): target.host for target in dialled}
    alike: dict[tuple[str, int, str, bool], list[str]] = {}
    for one in missed:
        alike.setdefault((one.address, one.port, one.reason, one.narrow), []).append(one.dialler)
    found: dict[str, list[Outcome]] = {}
    for (address, port, reason, narrow), diallers in alike.items():
        problem = f"{address} port {port} can't be reached from {listed(diallers, _MOST_NAMED)} ({reason})"
        owner = owners[address, port]
        remedy = NARROW_REMEDY if narrow else _reach_remedy(reason)
        found.setdefault(owner, []).append(Outcome(owner, FAILED, problem, remedy))
    return found


def is_unknown(reason: str) -> bool:
    """A name of the operator's ssh_config is none for peers: the system's words for that differ."""
    return any(words in reason for words in ("name resolution", "not known", "name or service", "no address"))


def _reach_remedy(reason: str) -> str:
    return "set its `peer_address` to one that the others know" if is_unknown(reason) else "open it in the firewall"


def row(host: Host, facts: HostFacts | None, reached: str) -> list[str]:
    """A row of HEADINGS; `facts`: None if the login failed; `reached`: see `Reach.reached`."""
    if facts is None:
        return [host.name, "no", *["-"] * (len(HEADINGS) - 2)]
    return [
        host.name,
        "here" if host.local else facts["user"],
        facts["python"],
        "can't be written" if facts["writable"] else facts["home"],
        "?" if facts["free"] is None else format_size(facts["free"]),
        " ".join(f"{port} {reason or 'free'}" for port, reason in facts["ports"].items()),
        f"{facts['skew']:+.1f} s",
        reached,
    ]

"""The task `cap`: gives hosts, or what this machine relays, another cap, which holds at once while the swarm runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from deploy.agent.verbs import Cap
from deploy.core.caps import CapError, Wanted, wanted
from deploy.core.inventory import Inventory, fold
from deploy.core.plan import Facts, Step, Steps, hosts_of
from deploy.core.relays import cap_line, relayed_hosts
from deploy.edge.tasks.chain import Chain, Halt
from deploy.edge.tasks.phase import Options, Phase
from deploy.edge.tasks.relaying import change_cap

_HERE = "this machine"
_HOLDS = "until the next `fab deploy` or `fab up`"


def phases(text: str) -> tuple[Phase, ...]:
    """Those that `fab cap TEXT` walks. Raises CapError."""
    cap = wanted(text)
    made = [Phase(_describe_relay, partial(_cap_relay, cap))] if cap.of_relay else []
    if cap.of_hosts:
        made.append(Phase(_describe, partial(_cap, cap)))
    return tuple(made)


def _describe(inventory: Inventory, _: Facts) -> Iterator[Step]:
    for host in inventory.chosen_hosts:
        yield Step("cap", host.name, None, "change what its peers together may send and receive")


def _cap(cap: Wanted, chain: Chain, steps: Steps, _: Options) -> None:
    answers = chain.ask(lambda link: link.ask(Cap(cap.up, cap.down)), hosts_of(steps))
    for name in answers:
        chain.record("host", host=name, state="ok", up=cap.up, down=cap.down)
    if answers:
        chain.screen.say(f"cap {cap.of_hosts}, on {fold(list(answers))}, {_HOLDS}")
    relayed = [host for host in relayed_hosts(chain.inventory) if host in answers]
    if relayed and not cap.of_relay:
        chain.screen.say(cap_line(relayed))


def _describe_relay(inventory: Inventory, _: Facts) -> Iterator[Step]:
    if not any(host.relay for host in inventory.hosts):
        raise CapError("cap: no host has relay: true, so this machine carries nothing; write Mbit/s, or up=20,down=50")
    yield Step("cap", _HERE, None, "change what it carries for hosts that only SSH reaches")


def _cap_relay(cap: Wanted, chain: Chain, _: Steps, __: Options) -> None:
    if not change_cap(chain.inventory, cap.relay or 0.0):
        raise Halt(
            "cap: nothing is carried now by an `up` or `logs` that was begun in this folder; "
            "for the next one write relay_cap in the inventory"
        )
    chain.record("relay", state="ok", cap=cap.relay)
    chain.screen.say(f"cap {cap.of_relay} for what {_HERE} carries, until that `fab up` or `fab logs` ends")

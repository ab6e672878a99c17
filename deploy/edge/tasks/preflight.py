"""Looks at hosts before bytes move: the machine and its clock, the places of the copies, the payload on its seeds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from deploy.agent import verbs
from deploy.agent.verbs import Machine, Spot
from deploy.core import spots
from deploy.core.inventory import Inventory
from deploy.core.placement import placing
from deploy.core.verdict import Outcome
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from deploy.edge.tasks.chain import Chain
from peer.core.treerules import to_json


class Look(NamedTuple):
    """What one host showed. `skew`: seconds that its clock is ahead of ours."""

    machine: Machine
    skew: float
    spots: tuple[Spot, ...]


def look(chain: Chain, hosts: Iterable[str], drop: bool = False) -> Mapping[str, Look]:
    """A look at each of these hosts, by its name; those that can't be asked are told."""
    with chain.doing("looking at hosts"):
        return chain.ask(lambda link: _look(link, chain.inventory), hosts, drop)


def _look(link: HostLink, inventory: Inventory) -> Look:
    link.connect()  # a login takes seconds, which aren't the clock's
    peers = inventory.peers_on(link.name)
    before = time.time()
    machine = link.ask(verbs.Facts(tuple(verbs.PeerPort(peer.peer_id, peer.port) for peer in peers)))
    skew = machine.clock - (before + time.time()) / 2
    places = (placing(inventory, peer) for peer in peers)
    payload = inventory.swarm.payload
    survey = verbs.Survey(tuple(verbs.Place(*place) for place in places), payload.name, to_json(payload.rules))
    return Look(machine, skew, link.ask(survey, WORK_SECONDS).spots)


def size_of(chain: Chain, looks: Mapping[str, Look]) -> int | None:
    """Bytes of the payload, as they are known here or on a seed that was looked at."""
    return spots.payload_size((spot for one in looks.values() for spot in one.spots), chain.facts.size)


def room_of(chain: Chain, looks: Mapping[str, Look]) -> int | None:
    """Bytes that a copy takes on a disk."""
    return spots.room_needed((spot for one in looks.values() for spot in one.spots), size_of(chain, looks))


def refuse(chain: Chain, hosts: Iterable[str]) -> None:
    """Tell which of these hosts can't have the payload, or can't send it; they drop out."""
    looks = look(chain, hosts, drop=True)
    size = room_of(chain, looks)
    chain.fail(
        [outcome for host, one in looks.items() for outcome in _problems(chain.inventory, host, one, size)], True
    )
    tell(chain, looks)


def tell(chain: Chain, looks: Mapping[str, Look]) -> None:
    """Tell what copies won't have, and what of the payload stays out."""
    for line in spots.without_modes({host: one.spots for host, one in looks.items()}):
        chain.screen.note(line)
    for host, one in looks.items():
        for line in [line for spot in one.spots for line in spots.left_out(spot)]:
            chain.screen.note(f"{host}: {line}")


def _problems(inventory: Inventory, host: str, one: Look, size: int | None) -> list[Outcome]:
    clock = spots.keys_problems(host, one.skew) if inventory.tls else []
    return clock + spots.spot_problems(inventory, host, one.spots, size)

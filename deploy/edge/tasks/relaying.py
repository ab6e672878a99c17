"""Carries the connections of hosts that only SSH reaches, while a task follows the swarm, and caps what is carried."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from deploy.core.inventory import Inventory
from deploy.core.relays import begin_line, relayed_hosts
from deploy.core.starting import Note
from deploy.edge.hosts import relaycap
from deploy.edge.hosts.switchboard import Switchboard
from deploy.edge.tasks.chain import RUNS, Chain
from peer.core.budget import MBIT

_CARRIED = ".relay"  # below it a folder a swarm


@contextlib.contextmanager
def relaying(chain: Chain, hosts: Collection[str], tell: Callable[[Note], object]) -> Iterator[None]:
    """While the body runs, carry them for those of these hosts that need it. `tell` is called from any thread."""
    names = [name for name in relayed_hosts(chain.inventory) if name in hosts]
    if not names:
        yield
        return
    inventory = chain.inventory
    with relaycap.carrying(_folder(inventory), (inventory.swarm.relay_cap or 0) * MBIT) as cap:
        board = Switchboard(
            inventory,
            names,
            lambda name, request: chain.fleet.link(name).relay(request),
            lambda text: tell(Note(text)),
            cap,
        )
        chain.screen.note(begin_line(names))
        board.open()
        try:
            yield
        finally:
            board.close()
            chain.carried = board.carried


def change_cap(inventory: Inventory, rate: float) -> bool:
    """Let whoever carries for this swarm, begun in this folder, carry so many bytes a second; False: nobody does."""
    return relaycap.change(_folder(inventory), rate)


def _folder(inventory: Inventory) -> Path:
    return Path(RUNS) / _CARRIED / inventory.swarm.name

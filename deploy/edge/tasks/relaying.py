"""Carries the connections of hosts that only SSH reaches, while a task follows the swarm."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator

from deploy.core.relays import begin_line, relayed_hosts
from deploy.core.starting import Note
from deploy.edge.hosts.switchboard import Switchboard
from deploy.edge.tasks.chain import Chain


@contextlib.contextmanager
def relaying(chain: Chain, hosts: Collection[str], tell: Callable[[Note], object]) -> Iterator[None]:
    """While the body runs, carry them for those of these hosts that need it. `tell` is called from any thread."""
    names = [name for name in relayed_hosts(chain.inventory) if name in hosts]
    if not names:
        yield
        return
    board = Switchboard(
        chain.inventory,
        names,
        lambda name, request: chain.fleet.link(name).relay(request),
        lambda text: tell(Note(text)),
    )
    chain.screen.note(begin_line(names))
    board.open()
    try:
        yield
    finally:
        board.close()
        chain.carried = board.carried

"""What a handler gets together with its request: the swarm's folder, the line to the operator, a meter."""

from __future__ import annotations

from deploy.agent.meter import Meter
from deploy.agent.watchdog import Guard
from deploy.agent.wire import Wire
from peer.core.tuples import NamedTuple


class Context(NamedTuple):
    """`home`: the swarm's folder as the operator names it."""

    home: str
    wire: Wire
    guard: Guard
    meter: Meter
